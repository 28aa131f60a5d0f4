//! Webhooks against a local receiver.
use crate::http::serve;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use winback_connectors::webhook::{Accepted, RetryPolicy, WebhookError, post_json, signature};

fn quick() -> RetryPolicy {
    let pause = Duration::from_millis(1);
    RetryPolicy { attempts: 3, first_pause: pause, longest_pause: pause * 2, timeout: Duration::from_secs(5), plain_http: false }
}

/// Answers with each status in turn and keeps the signature, the key and the body of each post.
async fn receiver(answers: Vec<u16>) -> (String, Arc<Mutex<Vec<[String; 3]>>>) {
    let seen: Arc<Mutex<Vec<[String; 3]>>> = Arc::default();
    let kept = seen.clone();
    let page = move |headers: HeaderMap, body: Bytes| async move {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let mut kept = kept.lock().unwrap();
        kept.push([header("x-winback-signature"), header("idempotency-key"), String::from_utf8(body.to_vec()).unwrap()]);
        (StatusCode::from_u16(answers[kept.len() - 1]).unwrap(), [("retry-after", "3600")])
    };
    (serve(Router::new().route("/hook", post(page))).await + "/hook", seen)
}

#[test]
fn the_signature_is_hmac_sha256() {
    // RFC 4231, test case 2.
    let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(signature(b"Jefe", b"what do ya want for nothing?"), expected);
}

#[tokio::test]
async fn a_busy_receiver_is_asked_again_with_the_same_key() {
    let (url, seen) = receiver(vec![429, 503, 204]).await;
    let body = serde_json::json!({"customer": "007", "active": true});
    assert_eq!(post_json(&url, b"secret", &body, &quick()).await.unwrap(), Accepted { status: 204, attempts: 3 });
    let posts = seen.lock().unwrap();
    assert_eq!(posts[0][0], signature(b"secret", br#"{"active":true,"customer":"007"}"#), "fields by key, in every build");
    assert_eq!((&posts[0], &posts[1]), (&posts[1], &posts[2]));
}

#[tokio::test]
async fn a_refusal_is_final_and_patience_ends() {
    let body = serde_json::json!({});
    let (url, seen) = receiver(vec![401]).await;
    let refused = post_json(&url, b"s", &body, &quick()).await.unwrap_err();
    assert!(matches!(refused, WebhookError::Refused { ref status, .. } if status.contains("401")), "{refused}");
    assert_eq!(seen.lock().unwrap().len(), 1);
    let (url, _) = receiver(vec![500; 3]).await;
    assert!(matches!(post_json(&url, b"s", &body, &quick()).await, Err(WebhookError::Busy { attempts: 3, .. })));
    let gone = post_json("http://127.0.0.1:1/hook", b"s", &body, &quick()).await;
    assert!(matches!(gone, Err(WebhookError::Unreachable { attempts: 3, .. })));
    assert!(matches!(post_json("http://example.com/", b"s", &body, &quick()).await, Err(WebhookError::Address(_))));
}
