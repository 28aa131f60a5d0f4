//! Downloads from a local server: good, broken off, wrong, absent, gone on with.
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::routing::get;
use futures_util::StreamExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::sync::Notify;
use winback_connectors::http::{FetchError, FetchLimits, fetch};
use winback_core::digest::Digest;

const CONTENT: &[u8] = b"id,age\n1,2\n2,3\n";

/// Serves on a free port of this machine and returns the address.
pub async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn get_file(url: &str, target: &Path, limits: &FetchLimits) -> Result<u64, FetchError> {
    fetch(url, &Digest::of(CONTENT), target, limits, |_, _| {}).await
}

fn names(folder: &Path) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

#[tokio::test]
async fn a_good_file_is_installed_and_anything_else_is_not() {
    let router = Router::new()
        .route("/good", get(|| async { CONTENT }))
        .route("/wrong", get(|| async { "<html>sign in</html>" }))
        .route("/moved", get(|| async { axum::response::Redirect::temporary("/good") }))
        .route("/loop", get(|| async { axum::response::Redirect::temporary("/loop") }))
        .route("/out", get(|| async { axum::response::Redirect::temporary("http://example.com/good") }));
    let server = serve(router).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("table.csv");
    let limits = FetchLimits::default();
    let fails = async |page: &str, limits: &FetchLimits| get_file(&format!("{server}{page}"), &target, limits).await.unwrap_err();

    assert!(matches!(fails("/absent", &limits).await, FetchError::Status { status, .. } if status.contains("404")));
    let wrong = fails("/wrong", &limits).await.to_string();
    assert!(wrong.contains(&Digest::of(CONTENT).0) && wrong.contains(&Digest::of(b"<html>sign in</html>").0), "{wrong}");
    assert!(matches!(fails("/loop", &limits).await, FetchError::Network { .. }));
    assert!(matches!(fails("/out", &limits).await, FetchError::Network { .. }));
    let small = FetchLimits { max_bytes: 5, ..FetchLimits::default() };
    assert!(matches!(fails("/good", &small).await, FetchError::TooLarge { limit: 5, .. }));
    assert_eq!(names(folder.path()), 0);

    let mut heard = (0, None);
    let length =
        fetch(&format!("{server}/moved"), &Digest::of(CONTENT), &target, &limits, |done, total| heard = (done, total)).await.unwrap();
    assert_eq!((length, heard, std::fs::read(&target).unwrap()), (15, (15, Some(15)), CONTENT.to_vec()));
    assert_eq!(names(folder.path()), 1);
}

/// Gives five bytes, and breaks off once the other side has heard them.
fn breaks_off(heard: Arc<Notify>) -> Response<Body> {
    let first = futures_util::stream::once(async { Ok(&CONTENT[..5]) });
    let then = futures_util::stream::once(async move {
        heard.notified().await;
        Err(std::io::Error::other("gone"))
    });
    Response::builder().header(header::CONTENT_LENGTH, 15).body(Body::from_stream(first.chain(then))).unwrap()
}

#[tokio::test]
async fn a_download_goes_on_where_it_stopped() {
    let asked: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
    let heard = Arc::new(Notify::new());
    let (seen, told) = (asked.clone(), heard.clone());
    let page = move |headers: HeaderMap| async move {
        let range = headers.get(header::RANGE).map(|range| range.to_str().unwrap().to_owned());
        seen.lock().unwrap().push(range.clone());
        if range.is_none() {
            return breaks_off(told);
        }
        let answer = Response::builder().status(StatusCode::PARTIAL_CONTENT).header(header::CONTENT_RANGE, "bytes 5-14/15");
        answer.body(Body::from(&CONTENT[5..])).unwrap()
    };
    let server = serve(Router::new().route("/file", get(page))).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("table.csv");
    let url = format!("{server}/file");
    let first = fetch(&url, &Digest::of(CONTENT), &target, &FetchLimits::default(), |_, _| heard.notify_one()).await;
    assert!(matches!(first, Err(FetchError::Network { .. })) && !target.exists());
    assert_eq!(get_file(&url, &target, &FetchLimits::default()).await.unwrap(), 15);
    assert_eq!(std::fs::read(&target).unwrap(), CONTENT);
    assert_eq!(*asked.lock().unwrap(), [None, Some("bytes=5-".to_owned())]);
}

#[tokio::test]
async fn plain_http_stays_on_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("table.csv");
    for url in ["http://example.com/a", "ftp://localhost/a", "file:///etc/hosts", "no address"] {
        assert!(matches!(get_file(url, &target, &FetchLimits::default()).await, Err(FetchError::Address { .. })), "{url}");
    }
}
