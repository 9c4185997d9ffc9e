//! The gRPC plumbing. The published crate's generated service would fix the response type; ours shares
//! encoded bytes between streams.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, StdError};
use tonic::server::{Grpc, NamedService, StreamingService};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use weft_model::secret::Secret;

use super::variant::{Delta, Sotw, Variant};
use super::{Ads, Shared, task};
use crate::source::{Opening, ResourceSource};

impl<S> NamedService for Ads<S> {
    const NAME: &'static str = "envoy.service.discovery.v3.AggregatedDiscoveryService";
}

impl<S, B> Service<http::Request<B>> for Ads<S>
where
    S: ResourceSource,
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let shared = self.shared.clone();
        let method = request.uri().path().rsplit('/').next().unwrap_or_default();
        match method {
            "DeltaAggregatedResources" => Box::pin(answer::<S, Delta, B>(shared, request)),
            "StreamAggregatedResources" => Box::pin(answer::<S, Sotw, B>(shared, request)),
            _ => Box::pin(async {
                let status = Status::unimplemented("ADS has no such method");
                Ok(status.into_http())
            }),
        }
    }
}

async fn answer<S, V, B>(shared: Arc<Shared<S>>, request: http::Request<B>) -> Result<http::Response<Body>, Infallible>
where
    S: ResourceSource,
    V: Variant,
    B: tonic::codegen::Body + Send + 'static,
    B::Error: Into<StdError> + Send + 'static,
{
    let request_bytes = shared.config.request_bytes;
    let codec = ProstCodec::<V::Frame, V::Request>::new();
    let mut grpc = Grpc::new(codec).max_decoding_message_size(request_bytes);
    let method = Method::<S, V> { shared, variant: PhantomData };
    Ok(grpc.streaming(method, request).await)
}

struct Method<S, V> {
    shared: Arc<Shared<S>>,
    variant: PhantomData<V>,
}

impl<S: ResourceSource, V: Variant> StreamingService<V::Request> for Method<S, V> {
    type Response = V::Frame;
    type ResponseStream = ReceiverStream<Result<V::Frame, Status>>;
    type Future = BoxFuture<Response<Self::ResponseStream>, Status>;

    fn call(&mut self, request: Request<Streaming<V::Request>>) -> Self::Future {
        let shared = self.shared.clone();
        // One place: what waits is composed late, from what is true then.
        let (sender, receiver) = mpsc::channel(1);
        let caller = Caller::of(&request);
        let task = task::run::<S, V>(shared.clone(), caller, request.into_inner(), sender);
        shared.tasks.spawn(task);
        Box::pin(async { Ok(Response::new(ReceiverStream::new(receiver))) })
    }
}

/// What a call tells before its first request.
pub(super) struct Caller {
    token: Option<Secret>,
    pub(super) peer: Option<std::net::SocketAddr>,
    extensions: tonic::Extensions,
}

impl Caller {
    fn of<T>(request: &Request<T>) -> Self {
        let token = request.metadata().get("x-consul-token");
        let token = token.and_then(|token| token.to_str().ok());
        Self {
            token: token.filter(|token| !token.is_empty()).map(Secret::from),
            peer: request.remote_addr(),
            extensions: request.extensions().clone(),
        }
    }

    pub(super) fn open<V: Variant>(&self, node: weft_proto::envoy::core::Node) -> Opening {
        Opening {
            node,
            token: self.token.clone(),
            peer: self.peer,
            protocol: V::PROTOCOL,
            extensions: self.extensions.clone(),
        }
    }
}
