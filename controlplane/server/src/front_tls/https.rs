//! The handshake of HTTPS, as the REST API's server asks for it.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use weft_api::Handshake;

use super::Door;

/// Makes the REST API's connections secure.
#[derive(Clone)]
pub(crate) struct Https(pub(crate) Arc<Door>);

impl Handshake for Https {
    type Stream = TlsStream<TcpStream>;

    // A client that waits for TLS would not understand a text.
    const REFUSAL: &'static [u8] = b"";

    async fn shake(self, stream: TcpStream) -> io::Result<Self::Stream> {
        self.0.take_in(stream).await
    }
}
