//! Connections of gRPC over TLS, for tonic: handshakes run beside each other, and only who is through comes
//! out.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::{Connected, TcpConnectInfo};
use weft_api::PerAddress;

use super::Door;

/// So many handshakes run at a time; whoever comes then waits in the system's queue.
const HANDSHAKES_MAX: usize = 256;

/// So many of them may be of one address, so that nobody takes all the places by saying nothing. More are cut off.
pub(super) const HANDSHAKES_OF_ONE: usize = 64;

/// When to accept again after the system could not.
const ACCEPT_AGAIN: Duration = Duration::from_millis(50);

/// A connection that is through.
pub(crate) struct Secured(TlsStream<TcpStream>);

/// Accepts for as long as somebody takes what comes out.
pub(crate) fn incoming(listener: TcpListener, door: Arc<Door>) -> impl Stream<Item = io::Result<Secured>> {
    let (sender, mut receiver) = mpsc::channel(1);
    tokio::spawn(accept(listener, door, sender));
    futures::stream::poll_fn(move |context| receiver.poll_recv(context).map(|secured| secured.map(Ok)))
}

async fn accept(listener: TcpListener, door: Arc<Door>, sender: mpsc::Sender<Secured>) {
    let places = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let addresses = PerAddress::new(HANDSHAKES_OF_ONE.into(), true);
    let mut handshakes = JoinSet::new();
    loop {
        let next = async {
            // Nobody closes it.
            let place = Arc::clone(&places).acquire_owned().await.ok()?;
            Some((place, listener.accept().await))
        };
        let (place, accepted) = tokio::select! {
            () = sender.closed() => return,
            Some(_) = handshakes.join_next() => continue,
            Some(next) = next => next,
        };
        let (stream, turn) = match accepted {
            Ok((stream, from)) => match addresses.enter(from.ip()) {
                Some(turn) => (stream, turn),
                None => continue,
            },
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let (door, sender) = (Arc::clone(&door), sender.clone());
        handshakes.spawn(async move {
            let shaken = async {
                stream.set_nodelay(true)?;
                door.take_in(stream).await
            };
            let shaken = shaken.await;
            drop((place, turn));
            match shaken {
                // Nobody takes it where the port is being closed.
                Ok(stream) => drop(sender.send(Secured(stream)).await),
                Err(error) => tracing::debug!(%error, "a client of gRPC over TLS was not taken in"),
            }
        });
    }
}

impl Connected for Secured {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.0.get_ref().0.connect_info()
    }
}

impl AsyncRead for Secured {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
