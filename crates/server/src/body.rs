//! Reads the body of a request, within bounds of size and time.

use crate::bodies::{NoRoom, Reading};
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
    /// It has given way to others that were being read.
    NoRoom,
}

/// The whole body, of which what has come is in `reading`.
pub(crate) async fn read<B: Body<Data = Bytes>>(
    body: B,
    reading: Reading,
) -> Result<Vec<u8>, BodyError> {
    let limit = Duration::from_secs(READ_SECONDS_MAX);
    match tokio::time::timeout(limit, read_all(body, reading)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(BodyError::TooSlow),
    }
}

/// Of a body that is not kept nothing is held, but the rest is read all the same.
async fn read_all<B: Body<Data = Bytes>>(body: B, reading: Reading) -> Result<Vec<u8>, BodyError> {
    let mut body = pin!(body);
    let mut reading = Ok(reading);
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else {
            continue; // Trailers say nothing here.
        };
        length = length.saturating_add(data.len());
        if DISCARDED_BYTES_MAX < length {
            return Err(BodyError::TooLong);
        }
        if Fault::BODY_BYTES_MAX < length {
            reading = Err(BodyError::TooLong);
        } else if let Ok(kept) = &mut reading
            && kept.push(&data) == Err(NoRoom)
        {
            reading = Err(BodyError::NoRoom);
        }
    }
    reading?.finish().map_err(|NoRoom| BodyError::NoRoom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bodies::Bodies;
    use crate::network::Network;
    use http_body_util::Full;
    use std::sync::Arc;

    fn begin(bodies: &Arc<Bodies>, from: u8) -> Reading {
        bodies.begin(Network::of([192, 0, 2, from].into()))
    }

    /// Time is paused where this is called.
    async fn pass(seconds: u64) {
        let mut ticks = tokio::time::interval(Duration::from_secs(seconds));
        ticks.tick().await; // The first comes at once.
        ticks.tick().await;
    }

    async fn read_alone<B: Body<Data = Bytes>>(body: B) -> Result<Vec<u8>, BodyError> {
        read(body, begin(&Arc::default(), 1)).await
    }

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
            assert_eq!(read_alone(body).await.map(|bytes| bytes.len()), expected, "{length}");
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
        assert_eq!(read_alone(Never).await, Err(BodyError::TooSlow));
    }

    /// A byte each second, so many of them.
    struct Trickle(tokio::time::Interval, u64);

    impl Trickle {
        fn new(bytes: u64) -> Trickle {
            Trickle(tokio::time::interval(Duration::from_secs(1)), bytes)
        }
    }

    impl Body for Trickle {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            let Some(left) = self.1.checked_sub(1) else { return std::task::Poll::Ready(None) };
            let tick = self.0.poll_tick(context);
            tick.map(|_| {
                self.1 = left;
                Some(Ok(hyper::body::Frame::data(Bytes::from_static(b"x"))))
            })
        }
    }

    /// Time is paused. It makes progress for ever, and does not come to an end.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_comes_byte_by_byte() {
        let begin = tokio::time::Instant::now();
        assert_eq!(read_alone(Trickle::new(u64::MAX)).await, Err(BodyError::TooSlow));
        assert_eq!(begin.elapsed().as_secs(), READ_SECONDS_MAX);
    }

    /// Time is paused. There is room for one of them alone.
    #[tokio::test(start_paused = true)]
    async fn whoever_trickles_makes_room_for_whoever_sends() {
        let bodies = Arc::new(Bodies::new(Fault::BODY_BYTES_MAX, Fault::BODY_BYTES_MAX));
        let slow = tokio::spawn(read(Trickle::new(10), begin(&bodies, 1)));
        pass(5).await;
        let body = Full::new(Bytes::from(vec![b'x'; Fault::BODY_BYTES_MAX]));
        assert!(read(body, begin(&bodies, 2)).await.is_ok());
        let begun = tokio::time::Instant::now();
        assert_eq!(slow.await.expect("it does not panic"), Err(BodyError::NoRoom));
        assert_eq!(begun.elapsed().as_secs(), 4, "it was read to its end");
        // There is nobody any more.
        assert_eq!(read(Trickle::new(10), begin(&bodies, 1)).await, Ok(b"xxxxxxxxxx".to_vec()));
    }

    /// What is too long is not kept while the rest of it is thrown away.
    #[tokio::test(start_paused = true)]
    async fn a_body_that_is_too_long_takes_no_room() {
        struct Joined(Full<Bytes>, Trickle);
        impl Body for Joined {
            type Data = Bytes;
            type Error = std::convert::Infallible;

            fn poll_frame(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>>
            {
                let first = std::pin::Pin::new(&mut self.0).poll_frame(context);
                if matches!(first, std::task::Poll::Ready(None)) {
                    return std::pin::Pin::new(&mut self.1).poll_frame(context);
                }
                first
            }
        }
        let max = Fault::BODY_BYTES_MAX;
        let bodies = Arc::new(Bodies::new(2 * max, max));
        let mut oldest = begin(&bodies, 1);
        oldest.push(&vec![b'x'; max]).expect("there is room");
        let full = Full::new(Bytes::from(vec![b'x'; max]));
        let long = tokio::spawn(read(Joined(full, Trickle::new(10)), begin(&bodies, 2)));
        pass(5).await;
        begin(&bodies, 3).push(b"x").expect("there is room");
        assert!(oldest.finish().is_ok(), "it did not have to give way");
        assert_eq!(long.await.expect("it does not panic"), Err(BodyError::TooLong));
    }
}
