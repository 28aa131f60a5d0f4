//! The end of a server: what is under way is done, and nobody who is silent keeps it alive.
use axum::Router;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// For how long a server that stops waits for clients for whom nothing is being done.
const GRACE: Duration = Duration::from_secs(5);

/// Serves until `stop` is done. Then it takes nobody new, and ends when every client has its answer, or after some
/// seconds in which nothing was to do.
///
/// # Errors
/// When the listener fails.
pub(crate) async fn serve_until(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    is_busy: impl Fn() -> bool,
) -> std::io::Result<()> {
    let (tell, told) = oneshot::channel();
    let stopping = async move {
        stop.await;
        // Nobody listens where the server has ended already.
        let _ = tell.send(());
    };
    let patience = async {
        if told.await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(GRACE).await;
        while is_busy() {
            tokio::time::sleep(GRACE).await;
        }
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stopping) => served,
        () = patience => Ok(()),
    }
}
