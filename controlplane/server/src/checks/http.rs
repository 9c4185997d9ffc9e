//! HTTP checks: one request, no redirect followed. 2xx passes, 429 warns, anything else is critical.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, USER_AGENT};
use hyper::{Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_util::task::AbortOnDropHandle;
use weft_model::health::CheckStatus;

use super::method::Request;
use super::outcome::{OUTPUT_MAX, Outcome};

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn run(request: &Request) -> Outcome {
    match call(request).await {
        Ok((code, body)) => {
            let output = format!("HTTP {} {}: {code} Output: {body}", request.method, request.url);
            Outcome::new(status(code), output)
        }
        Err(error) => Outcome::critical(format!("{} {}: {error}", request.method, request.url)),
    }
}

fn status(code: StatusCode) -> CheckStatus {
    match code {
        code if code.is_success() => CheckStatus::Passing,
        StatusCode::TOO_MANY_REQUESTS => CheckStatus::Warning,
        _ => CheckStatus::Critical,
    }
}

async fn call(request: &Request) -> Result<(StatusCode, String), Failure> {
    let uri: Uri = request.url.parse()?;
    let host = uri.host().ok_or("the URL names no host")?.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(build(request, &uri)?).await?;
    let code = response.status();
    Ok((code, start_of_body(response).await))
}

fn build(request: &Request, uri: &Uri) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut built = hyper::Request::builder().method(request.method.as_str()).uri(path);
    for (name, value) in request.header.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
    {
        built = built.header(name, value);
    }
    let mut built = built.body(Full::from(request.body.clone()))?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let headers = built.headers_mut();
    headers.entry(HOST).or_insert(authority.parse()?);
    headers.entry(USER_AGENT).or_insert(hyper::header::HeaderValue::from_static("weft health check"));
    headers.entry(ACCEPT).or_insert(hyper::header::HeaderValue::from_static("text/plain, text/*, */*"));
    Ok(built)
}

/// As much as is kept. A body that breaks off does not change what the status line said.
async fn start_of_body(response: Response<Incoming>) -> String {
    let mut body = response.into_body();
    let mut start = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            start.extend_from_slice(data);
        }
        if start.len() >= OUTPUT_MAX {
            break;
        }
    }
    start.truncate(OUTPUT_MAX);
    String::from_utf8_lossy(&start).into_owned()
}
