//! Static files, built into the program, under addresses that change with their content.
use axum::Router;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::LazyLock;
use winback_core::digest::Digest;

use crate::problem::Problem;

struct Asset {
    url: String,
    kind: &'static str,
    bytes: &'static [u8],
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        asset("winback", "css", "text/css; charset=utf-8", include_bytes!("../static/winback.css")),
        asset("winback", "js", "text/javascript; charset=utf-8", include_bytes!("../static/winback.js")),
        asset("icon", "svg", "image/svg+xml", include_bytes!("../static/icon.svg")),
    ]
});

fn asset(stem: &str, extension: &str, kind: &'static str, bytes: &'static [u8]) -> Asset {
    Asset { url: format!("/static/{stem}.{}.{extension}", Digest::of(bytes).short()), kind, bytes }
}

/// Returns the address of the style sheet.
pub(crate) fn css() -> &'static str {
    &ASSETS[0].url
}

/// Returns the address of the script.
pub(crate) fn js() -> &'static str {
    &ASSETS[1].url
}

/// Returns the address of the icon.
pub(crate) fn icon() -> &'static str {
    &ASSETS[2].url
}

pub(crate) fn router() -> Router {
    Router::new().route("/static/{file}", get(serve))
}

async fn serve(Path(file): Path<String>) -> Response {
    let wanted = format!("/static/{file}");
    match ASSETS.iter().find(|asset| asset.url == wanted) {
        Some(asset) => {
            let headers = [(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, asset.bytes).into_response()
        }
        None => Problem::NotFound.into_response(),
    }
}
