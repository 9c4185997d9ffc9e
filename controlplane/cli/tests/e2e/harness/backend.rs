//! Small services inside the test: each says its name, so that a caller sees who has answered.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running service; ends when dropped.
pub(crate) struct Backend {
    pub(crate) port: u16,
    seen: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Backend {
    /// Answers each line with its name and the line.
    pub(crate) async fn tcp(name: &str) -> Self {
        let name = name.to_owned();
        Self::serve(move |stream, seen| {
            let name = name.clone();
            tokio::spawn(echo_lines(stream, name, seen));
        })
        .await
    }

    /// Answers each request, in HTTP/1.1 or HTTP/2, with its name, its method and the path as it
    /// arrived; a gRPC request with one message and an OK.
    pub(crate) async fn http(name: &str) -> Self {
        let name: Arc<str> = name.into();
        Self::serve(move |stream, seen| {
            let name = Arc::clone(&name);
            let service = service_fn(move |request| answer(Arc::clone(&name), Arc::clone(&seen), request));
            tokio::spawn(async move {
                // A caller that goes away in the middle is no fault of the service.
                let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        })
        .await
    }

    async fn serve(mut accept: impl FnMut(TcpStream, Arc<AtomicUsize>) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                accept(stream, Arc::clone(&counter));
            }
        });
        Self { port, seen, task }
    }

    /// How many lines or requests have reached it.
    pub(crate) fn seen(&self) -> usize {
        self.seen.load(Ordering::SeqCst)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn echo_lines(stream: TcpStream, name: String, seen: Arc<AtomicUsize>) {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        seen.fetch_add(1, Ordering::SeqCst);
        if write.write_all(format!("{name} {line}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

async fn answer(
    name: Arc<str>,
    seen: Arc<AtomicUsize>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    seen.fetch_add(1, Ordering::SeqCst);
    let is_grpc = request.headers().get("content-type").is_some_and(|value| value == "application/grpc");
    let version = format!("{:?}", request.version());
    let line =
        format!("{name} {} {}", request.method(), request.uri().path_and_query().map_or("", |path| path.as_str()));
    // The whole request is read, as a service would.
    let _ = request.into_body().collect().await;
    let response = Response::builder().header("x-version", version);
    let response = match is_grpc {
        true => response.header("content-type", "application/grpc").body(grpc_message(&line)),
        false => response.body(Full::new(Bytes::from(line)).boxed()),
    };
    Ok(response.unwrap())
}

/// One length-prefixed message, and the trailer that says OK.
fn grpc_message(text: &str) -> Body {
    let mut message = vec![0];
    message.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
    message.extend(text.as_bytes());
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    let frames = [Frame::data(Bytes::from(message)), Frame::trailers(trailers)];
    http_body_util::StreamBody::new(futures::stream::iter(frames.map(Ok))).boxed()
}
