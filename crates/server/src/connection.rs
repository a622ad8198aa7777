//! One connection: HTTP/1.1 with bounds, and the end of a request whose client has gone.
//!
//! Invariant: when the client closes its connection while an answer is being awaited, the future
//! of that answer is dropped. Long polls rest on it: a task must not be given to a dead socket.
//! (A client that sends its next request before it has the answer hides its end behind it; then
//! the task is lost to its timeout. The clients of SWF do not do that.)

use crate::head_bound::{HeadBound, Turn};
use crate::stall::StallBound;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

/// How long a connection may wait for the head of its next request, in seconds. It is longer than
/// the 60 seconds after which common clients drop idle connections by themselves: the side that
/// sends the next request should be the one that closes. The first head has less time, and so has
/// any from its first byte on.
pub(crate) const IDLE_SECONDS_MAX: u64 = 75;
/// The longest head of a request, in bytes. A session token may take several kilobytes.
pub(crate) const HEAD_BYTES_MAX: usize = 32 * 1024;
/// The most headers of a request.
const HEADERS_MAX: usize = 100;
/// The read buffer, in bytes; heads end up in it whole.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// Answers the requests of one connection with `handle`, one after another, until either side
/// ends it. When `stopping` turns true, the request under way is the last.
pub(crate) async fn serve<S, H, F>(stream: S, handle: H, mut stopping: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin,
    H: Fn(Request<Incoming>) -> F,
    F: Future<Output = Response<Full<Bytes>>>,
{
    let turn = Turn::default();
    let answer = service_fn(|mut request: Request<Incoming>| {
        turn.pass();
        if let Some(found) = turn.said_twice() {
            request.extensions_mut().insert(found);
        }
        let (answer, turn) = (handle(request), &turn);
        async move {
            let response = answer.await;
            turn.pass();
            Ok::<_, Infallible>(response)
        }
    });
    let io = TokioIo::new(HeadBound::new(StallBound::new(stream), turn.clone()));
    let mut connection = pin!(http().serve_connection(io, answer));
    // An error means that whoever says it is gone, which is an end as well.
    let stopped = async { stopping.wait_for(|stopping| *stopping).await.is_ok() };
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = stopped => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    match outcome {
        Ok(()) => (),
        Err(error) if error.is_parse() => tracing::debug!(%error, "what came is not HTTP"),
        // Clients go away at any moment: that is no news.
        Err(error) => tracing::trace!(%error, "connection ended"),
    }
}

fn http() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(IDLE_SECONDS_MAX))
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .max_buf_size(BUFFER_BYTES_MAX)
        // The end of what a client sends is taken as its end: see the invariant above.
        .half_close(false);
    http
}

#[cfg(test)]
mod tests;
