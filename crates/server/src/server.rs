//! Accepts connections until it is told to stop, and then ends them in order.

use crate::connection;
use crate::pipeline::Pipeline;
use service::{Entropy, Service};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;

/// The most connections at a time. When there are so many, new ones wait to be accepted.
const CONNECTIONS_MAX: usize = 10_000;
/// How long connections may take to finish after the server was told to stop, in seconds.
const STOP_SECONDS_MAX: u64 = 10;
/// The pause after a failure to accept that waiting may cure, such as too many open files.
const ACCEPT_PAUSE_MILLISECONDS: u64 = 100;

/// A bound socket. Nothing is accepted before [`Server::serve`].
pub struct Server {
    listener: TcpListener,
}

impl Server {
    /// Binds `address`; port 0 stands for any that is free.
    pub async fn bind(address: SocketAddr) -> io::Result<Server> {
        Ok(Server { listener: TcpListener::bind(address).await? })
    }

    /// The address in use, with the port that was chosen.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` comes true. Then it stops accepting, lets `service` answer the
    /// polls that wait, and returns when every connection has ended; those that take too long are
    /// cut. Nothing of `service` is held any more when it returns.
    pub async fn serve(
        self,
        service: Arc<Service>,
        entropy: Arc<dyn Entropy>,
        shutdown: impl Future<Output = ()>,
    ) {
        let pipeline = Arc::new(Pipeline::new(service.clone(), entropy));
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => report(ended),
                stream = accept(&self.listener), if connections.len() < CONNECTIONS_MAX => {
                    connections.spawn(converse(stream, pipeline.clone(), stopping.clone()));
                }
            }
        }
        drop(self.listener);
        service.drain();
        stop.send_replace(true);
        end(connections).await;
    }
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return stream,
            Err(error) => {
                // Too many open files, or a peer that gave up while it waited. Both pass.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(ACCEPT_PAUSE_MILLISECONDS)).await;
            }
        }
    }
}

async fn converse(stream: TcpStream, pipeline: Arc<Pipeline>, stopping: watch::Receiver<bool>) {
    // Replies are written whole, so there is nothing to gain from waiting for more. A failure
    // means that the peer has gone already, and will show in reading.
    let _ = stream.set_nodelay(true);
    connection::serve(stream, |request| pipeline.handle(request), stopping).await;
}

async fn end(mut connections: JoinSet<()>) {
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
    };
    if tokio::time::timeout(Duration::from_secs(STOP_SECONDS_MAX), ended).await.is_err() {
        tracing::warn!(connections = connections.len(), "cutting connections that do not end");
        connections.shutdown().await;
    }
}

/// Handlers catch their own panics, so this one is in the handling of the connection itself.
fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a connection failed");
    }
}

#[cfg(test)]
mod tests;
