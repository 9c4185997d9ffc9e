//! Asking others over HTTP: one request, one bounded answer, no redirects.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_util::task::AbortOnDropHandle;
use weft_model::secret::Secret;

const PATIENCE: Duration = Duration::from_secs(10);
const ANSWER_MAX_BYTES: usize = 1 << 20;

/// Where the roots that this machine trusts are.
const SYSTEM_ROOTS: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"];

/// Checks a URL and the roots for it, without asking.
pub(super) fn check(url: &str, ca: &str) -> Result<(), String> {
    target(url)?;
    if !ca.is_empty() {
        check_ca(ca).map_err(|()| "error parsing CA certificate: it holds no certificate".to_owned())?;
    }
    Ok(())
}

/// Whether a text holds certificates.
pub(super) fn check_ca(ca: &str) -> Result<(), ()> {
    let mut found = CertificateDer::pem_slice_iter(ca.as_bytes()).peekable();
    if found.peek().is_none() || found.any(|certificate| certificate.is_err()) { Err(()) } else { Ok(()) }
}

fn target(url: &str) -> Result<(Uri, String, u16, bool), String> {
    let uri: Uri = url.parse().map_err(|_| format!("{url:?} is not a URL"))?;
    let is_tls = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err(format!("{url:?} is neither http nor https")),
    };
    let host = uri.host().ok_or_else(|| format!("{url:?} names no host"))?.trim_matches(['[', ']']).to_owned();
    let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    Ok((uri, host, port, is_tls))
}

/// The body of an answer with a status of success.
pub(super) async fn get(url: &str, ca: &str) -> Result<Bytes, String> {
    patiently(url, exchange(Method::GET, url, ca, None, Bytes::new())).await
}

/// The same in the name of whoever has this token.
pub(super) async fn get_as(url: &str, ca: &str, token: &Secret) -> Result<Bytes, String> {
    patiently(url, exchange(Method::GET, url, ca, Some(token), Bytes::new())).await
}

/// The same for a document that is sent, in the name of whoever has this token.
pub(super) async fn post(url: &str, ca: &str, token: &Secret, body: &Value) -> Result<Bytes, String> {
    patiently(url, exchange(Method::POST, url, ca, Some(token), body.to_string().into())).await
}

async fn patiently(url: &str, asking: impl Future<Output = Result<Bytes, String>>) -> Result<Bytes, String> {
    match timeout(PATIENCE, asking).await {
        Ok(Ok(body)) => Ok(body),
        Ok(Err(error)) => Err(format!("error asking {url}: {error}")),
        Err(_) => Err(format!("error asking {url}: no answer within {} seconds", PATIENCE.as_secs())),
    }
}

async fn exchange(method: Method, url: &str, ca: &str, token: Option<&Secret>, body: Bytes) -> Result<Bytes, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let (uri, host, port, is_tls) = target(url)?;
    let mut request = Request::builder()
        .method(method)
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(HOST, uri.authority().map_or("", |authority| authority.as_str()));
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.reveal())).map_err(|e| text(&e))?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let request = request.body(Full::from(body)).map_err(|error| text(&error))?;
    let stream = TcpStream::connect((host.as_str(), port)).await.map_err(|error| text(&error))?;
    if !is_tls {
        return send(stream, request).await;
    }
    let name = ServerName::try_from(host).map_err(|error| text(&error))?;
    let stream = TlsConnector::from(Arc::new(tls(ca)?)).connect(name, stream).await.map_err(|error| text(&error))?;
    send(stream, request).await
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Bytes, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    if !response.status().is_success() {
        return Err(format!("answered {}", response.status()));
    }
    let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await;
    Ok(body.map_err(|error| error.to_string())?.to_bytes())
}

fn tls(ca: &str) -> Result<ClientConfig, String> {
    let mut roots = RootCertStore::empty();
    let system;
    let pem = if ca.is_empty() {
        let found = SYSTEM_ROOTS.iter().find_map(|path| std::fs::read(path).ok());
        system = found.ok_or("this machine has no list of trusted certificates")?;
        system.as_slice()
    } else {
        ca.as_bytes()
    };
    // Of a system's list some may be of a kind that is not known here.
    for certificate in CertificateDer::pem_slice_iter(pem).flatten() {
        drop(roots.add(certificate));
    }
    if roots.is_empty() {
        return Err("no certificate to trust was found".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
