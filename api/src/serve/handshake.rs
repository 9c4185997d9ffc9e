//! What a connection goes through before HTTP is spoken on it.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// What a connection goes through before HTTP is spoken on it. It ends by itself when a client takes too long.
pub trait Handshake: Clone + Send + 'static {
    /// What HTTP is spoken on.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// What a client is told that has too many connections.
    const REFUSAL: &'static [u8];

    /// Takes a client in, or says why not.
    fn shake(self, stream: TcpStream) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// HTTP without TLS.
#[derive(Clone, Copy, Debug)]
pub struct Plain;

impl Handshake for Plain {
    type Stream = TcpStream;

    const REFUSAL: &'static [u8] = b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\n\
        Connection: close\r\nContent-Length: 80\r\n\r\n\
        Your IP is issuing too many concurrent connections, please rate limit your calls";

    async fn shake(self, stream: TcpStream) -> io::Result<Self::Stream> {
        Ok(stream)
    }
}
