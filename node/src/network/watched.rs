//! A socket that ends when nothing has come through it for a while. It knows nothing of what comes.
//!
//! A peer without power, or behind a cut, says nothing, not even that it is gone; the system would keep
//! its connection for a quarter of an hour, and with it a place among the peer's connections. An error
//! of the socket ends the connection at once, where a polite close would wait for the other side.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use futures::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, Sleep};

use super::HEARD_WITHIN;

/// A socket with the moment at which bytes last came.
#[derive(Debug)]
pub(super) struct Watched<S> {
    socket: S,
    last: Instant,
    timer: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    pub(super) fn new(socket: S) -> Self {
        let now = Instant::now();
        Self {
            socket,
            last: now,
            timer: Box::pin(tokio::time::sleep_until(now + HEARD_WITHIN)),
        }
    }

    /// While the socket has nothing for us: an error once it was silent for too long.
    fn poll_silence<T>(&mut self, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        while self.timer.as_mut().poll(context).is_ready() {
            let until = self.last + HEARD_WITHIN;
            if until <= Instant::now() {
                let reason = format!("nothing was heard for {} s", HEARD_WITHIN.as_secs());
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)));
            }
            self.timer.as_mut().reset(until);
        }
        Poll::Pending
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.socket).poll_read(context, bytes) {
            Poll::Ready(read) => {
                self.last = Instant::now();
                Poll::Ready(read)
            }
            Poll::Pending => self.poll_silence(context),
        }
    }
}

// Whoever waits for room to write may not read meanwhile, so the silence counts here too.
impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.socket).poll_write(context, bytes) {
            Poll::Pending => self.poll_silence(context),
            ready => ready,
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_close(context)
    }
}

#[cfg(test)]
mod tests {
    use futures::{AsyncReadExt, AsyncWriteExt, io::Cursor};

    use super::*;

    /// Gives nothing and takes nothing, as a cut does.
    struct Dead;

    impl AsyncRead for Dead {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Dead {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_silent_socket_ends_whether_one_reads_or_writes() {
        let began = Instant::now();
        let (mut reader, mut writer) = (Watched::new(Dead), Watched::new(Dead));
        let mut bytes = [0; 1];
        let (read, written) = tokio::join!(reader.read(&mut bytes), writer.write(b"x"));
        for error in [read.unwrap_err(), written.unwrap_err()] {
            assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        }
        assert!(began.elapsed() >= HEARD_WITHIN);
    }

    #[tokio::test]
    async fn what_comes_is_passed_on() {
        let mut socket = Watched::new(Cursor::new(vec![1, 2, 3]));
        let mut bytes = Vec::new();
        socket.read_to_end(&mut bytes).await.unwrap();
        assert_eq!(bytes, [1, 2, 3]);
    }
}
