//! HTTP/2 ping checks: a connection that answers a PING frame (RFC 9113, 6.7).

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::dial;
use super::outcome::Outcome;
use super::tls::{Tls, Wish};

/// What a client says first, an empty SETTINGS frame and a PING of eight bytes.
const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x08\x06\0\0\0\0\0weft1234";
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const ACK: u8 = 1;
const SETTINGS_ACK: &[u8] = b"\0\0\0\x04\x01\0\0\0\0";

/// The longest frame that may be sent to who has not asked for more (RFC 9113, 4.2).
const FRAME_MAX: usize = 16_384;

/// A server that sends so many frames before it answers does not mean to.
const FRAMES_MAX: usize = 100;

pub(super) async fn run(address: &str, wish: Option<&Wish>, tls: &Tls) -> Outcome {
    match connect(address, wish, tls).await {
        Ok(()) => Outcome::passing("HTTP2 ping was successful".to_owned()),
        Err(error) => Outcome::critical(format!("HTTP2 ping failed: {error}")),
    }
}

async fn connect(address: &str, wish: Option<&Wish>, tls: &Tls) -> Result<(), String> {
    let stream = dial::tcp(address).await?;
    let answer = match wish {
        Some(wish) => {
            let host = dial::split(address).map_or(address, |(host, _)| host);
            ping(tls.over(stream, host, wish, "h2").await?).await
        }
        None => ping(stream).await,
    };
    answer.map_err(|error| dial::reason(&error))
}

async fn ping(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    stream.write_all(HELLO).await?;
    stream.flush().await?;
    let mut payload = vec![0; FRAME_MAX];
    for _ in 0..FRAMES_MAX {
        let mut header = [0; 9];
        stream.read_exact(&mut header).await?;
        let [high, middle, low, kind, flags, ..] = header;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        let Some(payload) = payload.get_mut(..length) else { return Err(odd("it does not speak HTTP/2")) };
        stream.read_exact(payload).await?;
        match (kind, flags & ACK) {
            (PING, ACK) => return Ok(()),
            (SETTINGS, 0) => {
                stream.write_all(SETTINGS_ACK).await?;
                stream.flush().await?;
            }
            (GOAWAY, _) => return Err(odd("it ends the connection")),
            _ => {}
        }
    }
    Err(odd("it does not answer"))
}

fn odd(why: &str) -> std::io::Error {
    std::io::Error::other(why)
}
