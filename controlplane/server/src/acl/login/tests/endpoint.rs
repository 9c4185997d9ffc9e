//! A small HTTPS server whose answers a test chooses, good and bad.

use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::task::AbortOnDropHandle;

/// What is asked: path, and all of the request.
pub(super) type Choose = dyn Fn(&str, &str) -> Answer + Send + Sync;

pub(super) enum Answer {
    Json(Value),
    Status(u16, &'static str),
    Redirect(String),
    /// As many bytes of JSON.
    Long(usize),
    /// A byte now and then, for ever.
    Drip,
    Hang,
    Cut,
}

/// Listens until it is dropped.
pub(super) struct Endpoint {
    pub(super) url: String,
    pub(super) ca: String,
    _serving: AbortOnDropHandle<()>,
}

impl Endpoint {
    /// On a port of its own, with a certificate for this name.
    pub(super) async fn named(name: &str, choose: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.43.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
        let (acceptor, choose): (_, Arc<Choose>) = (TlsAcceptor::from(Arc::new(config)), Arc::new(choose));
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(acceptor.clone(), stream, Arc::clone(&choose)));
            }
        });
        Self { url, ca: made.cert.pem(), _serving: AbortOnDropHandle::new(serving) }
    }

    /// With a certificate for its address.
    pub(super) async fn start(choose: impl Fn(&str, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::named("127.43.0.1", choose).await
    }
}

async fn serve(acceptor: TlsAcceptor, stream: TcpStream, choose: Arc<Choose>) {
    // Who does not trust this server goes away during the handshake.
    let Ok(mut stream) = acceptor.accept(stream).await else { return };
    let mut request = String::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        let Ok(read @ 1..) = stream.read(&mut buffer).await else { return };
        request.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
    }
    let path = request.split(' ').nth(1).unwrap().to_owned();
    // Whoever has heard enough goes away.
    drop(answer(&mut stream, choose(&path, &request)).await);
    drop(stream.shutdown().await);
}

fn is_whole(request: &str) -> bool {
    let Some((head, body)) = request.split_once("\r\n\r\n") else { return false };
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
    length.is_none_or(|length| body.len() >= length.parse::<usize>().unwrap())
}

async fn answer(stream: &mut TlsStream<TcpStream>, answer: Answer) -> std::io::Result<()> {
    match answer {
        Answer::Json(value) => whole(stream, "200 OK", "", &value.to_string()).await,
        Answer::Status(code, body) => whole(stream, &format!("{code} As chosen"), "", body).await,
        Answer::Redirect(to) => whole(stream, "302 Found", &format!("Location: {to}\r\n"), "").await,
        Answer::Long(bytes) => whole(stream, "200 OK", "", &format!("{{\"keys\": [{}]}}", " ".repeat(bytes))).await,
        Answer::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n").await?;
            loop {
                stream.write_all(b" ").await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Answer::Hang => std::future::pending().await,
        Answer::Cut => stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await,
    }
}

async fn whole(stream: &mut TlsStream<TcpStream>, status: &str, more: &str, body: &str) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    stream.flush().await
}
