//! Reads the body of a request, within bounds of size and time.

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes};
use std::pin::pin;
use std::time::Duration;
use wire::Fault;

/// How long a client may take to send a body, in seconds.
pub(crate) const READ_SECONDS_MAX: u64 = 15;
/// How much of a body that is too long is read and thrown away, in bytes. A client that sends all
/// before it reads would otherwise find its connection reset instead of our answer.
const DISCARDED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// Longer than [`Fault::BODY_BYTES_MAX`].
    TooLong,
    /// Not here after [`READ_SECONDS_MAX`].
    TooSlow,
    /// The connection broke, or what came is not HTTP.
    Broken,
}

/// The whole body.
pub(crate) async fn read<B: Body<Data = Bytes>>(body: B) -> Result<Vec<u8>, BodyError> {
    match tokio::time::timeout(Duration::from_secs(READ_SECONDS_MAX), read_all(body)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(BodyError::TooSlow),
    }
}

async fn read_all<B: Body<Data = Bytes>>(body: B) -> Result<Vec<u8>, BodyError> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue; // Trailers say nothing here.
        };
        length = length.saturating_add(data.len());
        if DISCARDED_BYTES_MAX < length {
            return Err(BodyError::TooLong);
        }
        if length <= Fault::BODY_BYTES_MAX {
            bytes.extend_from_slice(&data);
        }
    }
    if Fault::BODY_BYTES_MAX < length {
        return Err(BodyError::TooLong);
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::Full;

    #[tokio::test]
    async fn bounds() {
        let max = Fault::BODY_BYTES_MAX;
        for (length, expected) in [
            (0, Ok(0)),
            (max, Ok(max)),
            (max + 1, Err(BodyError::TooLong)),
            (DISCARDED_BYTES_MAX + 1, Err(BodyError::TooLong)),
        ] {
            let body = Full::new(Bytes::from(vec![b'x'; length]));
            assert_eq!(read(body).await.map(|bytes| bytes.len()), expected, "{length}");
        }
    }

    /// Time is paused, so the wait costs nothing.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes() {
        struct Never;
        impl Body for Never {
            type Data = Bytes;
            type Error = std::convert::Infallible;

            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>>
            {
                std::task::Poll::Pending
            }
        }
        assert_eq!(read(Never).await, Err(BodyError::TooSlow));
    }

    /// Time is paused. It makes progress for ever, and does not come to an end.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_byte_by_byte() {
        struct Trickle(tokio::time::Interval);
        impl Body for Trickle {
            type Data = Bytes;
            type Error = std::convert::Infallible;

            fn poll_frame(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>>
            {
                let tick = self.0.poll_tick(context);
                tick.map(|_| Some(Ok(hyper::body::Frame::data(Bytes::from_static(b"x")))))
            }
        }
        let begin = tokio::time::Instant::now();
        let trickle = Trickle(tokio::time::interval(Duration::from_secs(1)));
        assert_eq!(read(trickle).await, Err(BodyError::TooSlow));
        assert_eq!(begin.elapsed().as_secs(), READ_SECONDS_MAX);
    }
}
