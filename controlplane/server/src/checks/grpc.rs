//! gRPC checks: `grpc.health.v1.Health/Check` of a server, or of one service of it.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::task::AbortOnDropHandle;

use super::dial;
use super::outcome::Outcome;
use super::tls::{Tls, Wish};

/// `HealthCheckResponse.ServingStatus.SERVING`.
const SERVING: u64 = 1;

/// A longer answer is none to this question.
const ANSWER_MAX: usize = 1024;

/// `target` is `HOST:PORT[/SERVICE]`.
pub(super) async fn run(target: &str, wish: Option<&Wish>, tls: &Tls) -> Outcome {
    match check(target, wish, tls).await {
        Ok(SERVING) => Outcome::passing(format!("gRPC check {target}: success")),
        Ok(_) => Outcome::critical("gRPC application didn't report service healthy".to_owned()),
        Err(error) => Outcome::critical(error),
    }
}

async fn check(target: &str, wish: Option<&Wish>, tls: &Tls) -> Result<u64, String> {
    let (address, service) = target.split_once('/').unwrap_or((target, ""));
    let unavailable =
        |why: String| format!("rpc error: code = Unavailable desc = connection error: desc = \"transport: {why}\"");
    let stream = dial::tcp(address).await.map_err(|why| unavailable(format!("Error while dialing {why}")))?;
    match wish {
        Some(wish) => {
            let host = dial::split(address).map_or(address, |(host, _)| host);
            let stream = tls.over(stream, host, wish, "h2").await.map_err(unavailable)?;
            call(stream, "https", address, service).await
        }
        None => call(stream, "http", address, service).await,
    }
}

async fn call(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    scheme: &str,
    address: &str,
    service: &str,
) -> Result<u64, String> {
    let unknown = |error: hyper::Error| format!("rpc error: code = Unavailable desc = {error}");
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(unknown)?;
    let _connection = AbortOnDropHandle::new(tokio::spawn(connection));
    let request = Request::post(format!("{scheme}://{address}/grpc.health.v1.Health/Check"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(Full::new(question(service)))
        .map_err(|error| error.to_string())?;
    answer(sender.send_request(request).await.map_err(unknown)?).await
}

/// `HealthCheckRequest { service = 1 }` in a frame: not compressed, then its length.
fn question(service: &str) -> Bytes {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        prost::encoding::encode_varint(service.len() as u64, &mut message);
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0], length.as_slice(), &message].concat().into()
}

async fn answer(response: Response<Incoming>) -> Result<u64, String> {
    let (head, mut body) = response.into_parts();
    if head.status != StatusCode::OK {
        return Err(format!("rpc error: code = Unknown desc = unexpected HTTP status {}", head.status));
    }
    refusal(&head.headers)?;
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| format!("rpc error: code = Unavailable desc = {error}"))?;
        match frame.into_data() {
            Ok(data) if bytes.len() + data.len() > ANSWER_MAX => return Err("the answer is too long".to_owned()),
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => frame.trailers_ref().map_or(Ok(()), refusal)?,
        }
    }
    Ok(status(bytes.get(5..).unwrap_or_default()))
}

/// A status other than 0, with its message.
fn refusal(headers: &HeaderMap) -> Result<(), String> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("grpc-status") {
        None | Some("0") => Ok(()),
        Some(code) => {
            let code = tonic::Code::from_bytes(code.as_bytes());
            Err(format!("rpc error: code = {code:?} desc = {}", text("grpc-message").unwrap_or_default()))
        }
    }
}

/// `HealthCheckResponse { status = 1 }`; without the field it is 0, unknown.
fn status(mut message: &[u8]) -> u64 {
    if message.split_off_first() != Some(&0x08) {
        return 0;
    }
    prost::encoding::decode_varint(&mut message).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_and_answer_are_those_of_the_protocol() {
        assert_eq!(&question("")[..], [0, 0, 0, 0, 0]);
        assert_eq!(&question("ab")[..], [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!([status(&[]), status(&[8, 1]), status(&[8, 2]), status(&[9, 1])], [0, 1, 2, 0]);
    }
}
