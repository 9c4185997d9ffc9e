//! HTTP checks: 2xx passes, 429 warns, anything else is critical. Redirects are followed within the host
//! that the check names: elsewhere they would make the agent ask whatever they like.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Method, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;
use weft_model::health::CheckStatus;

use super::dial;
use super::method::Request;
use super::outcome::Outcome;
use super::tls::Tls;

/// More redirects lead nowhere.
const REDIRECTS_MAX: usize = 10;

type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(super) async fn run(request: &Request, output_max: usize, tls: &Tls) -> Outcome {
    match follow(request, output_max, tls).await {
        Ok((code, body)) => {
            let output = format!("HTTP {} {}: {code} Output: {body}", request.method, request.url);
            Outcome::new(status(code), output)
        }
        Err(error) => Outcome::critical(format!("{}: {error}", named(request))),
    }
}

/// A request as its failures name it: `Get "http://127.0.0.1:1/"`.
pub(super) fn named(request: &Request) -> String {
    let (first, rest) = request.method.split_at(request.method.len().min(1));
    format!("{first}{} {:?}", rest.to_ascii_lowercase(), request.url)
}

fn status(code: StatusCode) -> CheckStatus {
    match code {
        code if code.is_success() => CheckStatus::Passing,
        StatusCode::TOO_MANY_REQUESTS => CheckStatus::Warning,
        _ => CheckStatus::Critical,
    }
}

async fn follow(request: &Request, output_max: usize, tls: &Tls) -> Result<(StatusCode, String), Failure> {
    let mut uri: Uri = request.url.parse()?;
    let (mut method, mut body) = (Method::from_bytes(request.method.as_bytes())?, request.body.clone());
    for _ in 0..=REDIRECTS_MAX {
        let answer = call(request, &uri, &method, body.clone(), tls).await?;
        let code = answer.response.status();
        let Some(next) = target(&answer.response, &uri).filter(|_| request.follows_redirects) else {
            return Ok((code, start_of_body(answer.response, output_max).await));
        };
        let next = next?;
        if !matches!(code, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
            body.clear();
            method = if method == Method::HEAD { Method::HEAD } else { Method::GET };
        }
        uri = next;
    }
    Err(format!("stopped after {REDIRECTS_MAX} redirects").into())
}

/// Where a response sends us; `None` when it does not, or to another host: then it stands as it is.
fn target(response: &Response<Incoming>, from: &Uri) -> Option<Result<Uri, Failure>> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    let path = location.starts_with('/') && !location.starts_with("//");
    let absolute: Uri = if path {
        let parts = (from.scheme_str()?, from.authority()?.as_str());
        match Uri::builder().scheme(parts.0).authority(parts.1).path_and_query(location).build() {
            Ok(uri) => uri,
            Err(error) => return Some(Err(error.into())),
        }
    } else {
        location.parse().ok()?
    };
    let same = absolute.scheme() == from.scheme() && absolute.authority() == from.authority();
    same.then_some(Ok(absolute))
}

/// A response, and the connection that its body comes from.
struct Answer {
    response: Response<Incoming>,
    _connection: AbortOnDropHandle<()>,
}

async fn call(request: &Request, uri: &Uri, method: &Method, body: String, tls: &Tls) -> Result<Answer, Failure> {
    let host = uri.host().ok_or("no Host in request URL")?;
    let built = build(request, uri, method, body)?;
    let address = |default: u16| format!("{host}:{}", uri.port_u16().unwrap_or(default));
    match uri.scheme_str() {
        Some("http") => send(dial::tcp(&address(80)).await?, built).await,
        Some("https") => {
            let stream = dial::tcp(&address(443)).await?;
            send(tls.over(stream, host.trim_matches(['[', ']']), &request.tls, "http/1.1").await?, built).await
        }
        other => Err(format!("unsupported protocol scheme {:?}", other.unwrap_or_default()).into()),
    }
}

async fn send(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: hyper::Request<Full<Bytes>>,
) -> Result<Answer, Failure> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // What ends it early is told to whoever waits for the response.
    let connection = AbortOnDropHandle::new(tokio::spawn(async move { drop(connection.await) }));
    let response = sender.send_request(request).await?;
    Ok(Answer { response, _connection: connection })
}

fn build(request: &Request, uri: &Uri, method: &Method, body: String) -> Result<hyper::Request<Full<Bytes>>, Failure> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut built = hyper::Request::builder().method(method).uri(path);
    for (name, value) in request.header.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
    {
        built = built.header(name, value);
    }
    let mut built = built.body(Full::from(body))?;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let headers = built.headers_mut();
    headers.entry(HOST).or_insert(authority.parse()?);
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static("weft health check"));
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("text/plain, text/*, */*"));
    Ok(built)
}

/// As much as is kept. A body that breaks off does not change what the status line said.
async fn start_of_body(response: Response<Incoming>, max: usize) -> String {
    let mut body = response.into_body();
    let mut start = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            start.extend_from_slice(data);
        }
        if start.len() >= max {
            break;
        }
    }
    start.truncate(max);
    String::from_utf8_lossy(&start).into_owned()
}
