//! One open connection to a peer.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, StreamExt};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::AbortOnDropHandle;
use tonic::body::Body;
use tonic::codegen::Service;
use tonic::{Code, Status};
use weft_proto::peer::Frame;
use weft_proto::peer::peer_client::PeerClient;

use super::MESSAGE_MAX;
use super::headers::Claims;
use crate::transport::{Answers, TransportError};

/// A connection. Streams on it keep it open; without them it ends when this is dropped.
pub(super) struct Link {
    client: PeerClient<Sender>,
    sender: SendRequest<Body>,
    /// The server that the other end's certificate was issued to.
    owner: Option<u64>,
    _driver: AbortOnDropHandle<()>,
}

/// Why a request got no answer.
pub(super) enum Failure {
    /// It has not left this process.
    NotSent,
    Failed(TransportError),
}

impl Link {
    pub(super) fn new(sender: SendRequest<Body>, owner: Option<u64>, driver: AbortOnDropHandle<()>) -> Self {
        let client = PeerClient::with_origin(Sender(sender.clone()), Uri::from_static("https://server"))
            .max_decoding_message_size(MESSAGE_MAX);
        Self { client, sender, owner, _driver: driver }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// # Errors
    /// Another server than the wanted one is at the other end.
    pub(super) fn check_owner(&self, wanted: u64) -> Result<(), TransportError> {
        match self.owner.filter(|owner| wanted != 0 && *owner != wanted) {
            Some(owner) => Err(TransportError::Refused(format!(
                "server {wanted} is meant, but the certificate at this address is server {owner}'s"
            ))),
            None => Ok(()),
        }
    }

    pub(super) async fn call(&self, claims: &Claims, body: Bytes) -> Result<Bytes, Failure> {
        let mut request = tonic::Request::new(Frame { body });
        claims.write(request.metadata_mut());
        let answer = self.client.clone().call(request).await.map_err(|status| failure(&status))?;
        Ok(answer.into_inner().body)
    }

    /// The frames end when the answers are dropped.
    pub(super) fn stream(
        self: Arc<Self>,
        claims: &Claims,
        frames: BoxStream<'static, Bytes>,
    ) -> BoxFuture<'static, Result<Answers, Failure>> {
        let stop = CancellationToken::new();
        let mut request = tonic::Request::new(Outgoing { frames, stopped: Box::pin(stop.clone().cancelled_owned()) });
        claims.write(request.metadata_mut());
        let stop = stop.drop_guard();
        let mut client = self.client.clone();
        Box::pin(async move {
            let answers = client.stream(request).await.map_err(|status| failure(&status))?.into_inner();
            let held = (self, stop);
            let answers = answers.map(move |answer| {
                let _held = &held;
                answer.map(|frame| frame.body).map_err(|status| failure(&status).into_error())
            });
            Ok(end_after_error(answers.boxed()))
        })
    }
}

/// Frames until there are no more, or nobody waits for answers any more.
struct Outgoing {
    frames: BoxStream<'static, Bytes>,
    stopped: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl Stream for Outgoing {
    type Item = Frame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Frame>> {
        if self.stopped.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        self.frames.poll_next_unpin(cx).map(|body| body.map(|body| Frame { body }))
    }
}

impl Failure {
    pub(super) fn into_error(self) -> TransportError {
        match self {
            Self::NotSent => TransportError::Unreachable("the connection is lost".to_owned()),
            Self::Failed(error) => error,
        }
    }
}

fn end_after_error(answers: Answers) -> Answers {
    let answers = futures::stream::unfold(Some(answers), |answers| async move {
        let mut answers = answers?;
        let answer = answers.next().await?;
        let rest = answer.is_ok().then_some(answers);
        Some((answer, rest))
    });
    answers.boxed()
}

/// Only what the other end has said counts as a refusal; everything else leaves doubt.
fn failure(status: &Status) -> Failure {
    let source: Option<&(dyn Error + 'static)> = status.source();
    if source.is_some_and(|source| source.is::<NotSent>()) {
        return Failure::NotSent;
    }
    let text = match source {
        Some(source) => format!("{}: {}", status.message(), innermost(source)),
        None => status.message().to_owned(),
    };
    let refused = matches!(status.code(), Code::FailedPrecondition | Code::Unimplemented);
    Failure::Failed(if refused { TransportError::Refused(text) } else { TransportError::Unknown(text) })
}

fn innermost<'a>(error: &'a (dyn Error + 'static)) -> &'a (dyn Error + 'static) {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error
}

/// hyper's sender as a service, which tells what was never sent from what may have been.
#[derive(Clone, Debug)]
struct Sender(SendRequest<Body>);

#[derive(Debug)]
struct NotSent;

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is closed")
    }
}

impl Error for NotSent {}

type BoxError = Box<dyn Error + Send + Sync>;

impl Service<Request<Body>> for Sender {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    /// A closed connection shows when the request is sent.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let sent = self.0.try_send_request(request);
        Box::pin(async move {
            sent.await.map_err(|mut error| match error.take_message() {
                Some(_) => NotSent.into(),
                None => error.into_error().into(),
            })
        })
    }
}
