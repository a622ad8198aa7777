//! Accepts connections until it is told to stop, and then ends them in order.

use crate::authentication::Authentication;
use crate::connection;
use crate::pipeline::Pipeline;
use crate::seats::{PEER_CONNECTIONS_MAX, Seat, Seats};
use crate::source::{Peer, TrustedProxies};
use crate::tls::{self, Tls};
use service::{Entropy, Service};
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep;
use tokio_rustls::server::TlsStream;

/// The most connections at a time. When there are so many, new ones wait to be accepted.
const CONNECTIONS_MAX: usize = 10_000;
/// How long connections may take to finish after the server was told to stop, in seconds.
const STOP_SECONDS_MAX: u64 = 10;
/// The pause after a failure to accept that waiting may cure, such as too many open files.
const ACCEPT_PAUSE_MILLISECONDS: u64 = 100;

/// A bound socket. Nothing is accepted before [`Server::serve`].
pub struct Server {
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    proxies: TrustedProxies,
    seats: Arc<Seats>,
}

impl Server {
    /// Binds `address`; port 0 stands for any that is free.
    pub async fn bind(address: SocketAddr) -> io::Result<Server> {
        Ok(Server {
            listener: TcpListener::bind(address).await?,
            tls: None,
            proxies: TrustedProxies::default(),
            seats: Seats::new(PEER_CONNECTIONS_MAX),
        })
    }

    /// Speaks TLS, and nothing else.
    pub fn over_tls(self, tls: Arc<Tls>) -> Server {
        Server { tls: Some(tls), ..self }
    }

    /// Believes what these say of where a request comes from.
    pub fn behind(self, proxies: TrustedProxies) -> Server {
        Server { proxies, ..self }
    }

    /// The address in use, with the port that was chosen.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves those whom `authentication` lets in, until `shutdown` comes true. Then it stops accepting, lets `service` answer the
    /// polls that wait, and returns when every connection has ended; those that take too long are
    /// cut. Nothing of `service` is held any more when it returns.
    pub async fn serve(
        self,
        service: Arc<Service>,
        entropy: Arc<dyn Entropy>,
        authentication: Authentication,
        shutdown: impl Future<Output = ()>,
    ) {
        let proxies = self.proxies.clone();
        let pipeline = Pipeline::new(service.clone(), entropy, proxies, authentication);
        let pipeline = Arc::new(pipeline);
        let (stop, stopping) = watch::channel(false);
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                Some(ended) = connections.join_next() => report(ended),
                (stream, address) = accept(&self.listener),
                    if connections.len() < CONNECTIONS_MAX =>
                {
                    let seat = match self.proxies.trusts(address) {
                        true => None,
                        false => match self.seats.take(address) {
                            Some(seat) => Some(seat),
                            None => continue, // Closes it.
                        },
                    };
                    let peer = Peer { address, secure: self.tls.is_some() };
                    let caller = Caller { stream, peer, _seat: seat };
                    let (tls, pipeline) = (self.tls.clone(), pipeline.clone());
                    connections.spawn(converse(caller, tls, pipeline, stopping.clone()));
                }
            }
        }
        drop(self.listener);
        service.drain();
        stop.send_replace(true);
        end(connections).await;
        pipeline.close();
    }
}

/// A connection that was accepted.
struct Caller {
    stream: TcpStream,
    peer: Peer,
    /// Held for as long as the connection is.
    _seat: Option<Seat>,
}

/// The next connection.
async fn accept(listener: &TcpListener) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip()),
            Err(error) => {
                // Too many open files, or a peer that gave up while it waited. Both pass.
                tracing::warn!(%error, "cannot accept a connection");
                sleep(Duration::from_millis(ACCEPT_PAUSE_MILLISECONDS)).await;
            }
        }
    }
}

async fn converse(
    caller: Caller,
    tls: Option<Arc<Tls>>,
    pipeline: Arc<Pipeline>,
    mut stopping: watch::Receiver<bool>,
) {
    let Caller { stream, peer, _seat } = caller;
    // Replies are written whole, so there is nothing to gain from waiting for more. A failure
    // means that the peer has gone already, and will show in reading.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        connection::serve(stream, |request| pipeline.handle(peer, request), stopping).await;
        return;
    };
    let limit = Duration::from_secs(tls::HANDSHAKE_SECONDS_MAX);
    let secured = tokio::select! {
        secured = tokio::time::timeout(limit, secure(stream, &tls)) => secured,
        // Nothing has been asked yet.
        _ = stopping.wait_for(|stopping| *stopping) => return,
    };
    match secured.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
        Ok(Secured::Tls(stream)) => {
            connection::serve(stream, |request| pipeline.handle(peer, request), stopping).await;
        }
        Ok(Secured::Plain(stream)) => {
            tracing::debug!(peer = %peer.address, "what came is not TLS");
            let refuse = |_| async { pipeline.refuse_plain(Peer { secure: false, ..peer }) };
            connection::serve(stream, refuse, stopping).await;
        }
        Err(error) => tracing::debug!(%error, peer = %peer.address, "no TLS came about"),
    }
}

/// What a connection turns out to be.
enum Secured {
    Tls(Box<TlsStream<TcpStream>>),
    /// The client took it for plain HTTP. It can be told.
    Plain(TcpStream),
}

async fn secure(stream: TcpStream, tls: &Tls) -> io::Result<Secured> {
    let mut first = [0];
    let length = stream.peek(&mut first).await?;
    match first[..length] {
        [] => Err(io::ErrorKind::UnexpectedEof.into()),
        [tls::FIRST_BYTE] => Ok(Secured::Tls(Box::new(tls.accept(stream).await?))),
        [..] => Ok(Secured::Plain(stream)),
    }
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
