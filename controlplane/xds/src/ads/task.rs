//! The task of one stream: it admits the client, then serves it until one of them ends.

use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use tonic::{Status, Streaming};
use weft_proto::envoy::core::Node;

use super::service::Caller;
use super::stream::{End, Sender, Stream, refused};
use super::variant::{Incoming, Variant};
use super::{Config, Shared, node};
use crate::ledger::Identity;
use crate::session::Request;
use crate::source::{ResourceSource, Subscription};

pub(super) async fn run<S: ResourceSource, V: Variant>(
    shared: Arc<Shared<S>>,
    caller: Caller,
    requests: Streaming<V::Request>,
    sender: Sender<V>,
) {
    let end = tokio::select! {
        end = serve::<S, V>(&shared, &caller, requests, &sender) => end,
        () = sender.closed() => None,
        () = shared.closing.cancelled() => Some(Status::unavailable("the server is closing")),
    };
    if let Some(status) = end {
        // A reader that does not read will not read this either.
        let _ = timeout(Duration::from_secs(1), sender.send(Err(status))).await;
    }
}

async fn serve<S: ResourceSource, V: Variant>(
    shared: &Shared<S>,
    caller: &Caller,
    mut requests: Streaming<V::Request>,
    sender: &Sender<V>,
) -> End {
    let (node, first) = match first_request::<V>(&mut requests, &shared.config).await {
        Continue(first) => first,
        Break(end) => return end,
    };
    let opened = shared.source.open(caller.open::<V>(node.clone())).await;
    let mut subscription = match opened {
        Ok(subscription) => subscription,
        Err(refusal) => return Some(refused(&node.id, refusal)),
    };
    let offer = match subscription.changed().await {
        Ok(offer) => offer,
        Err(refusal) => return Some(refused(&node.id, refusal)),
    };
    let identity = Identity {
        agent: node::agent(&node),
        node: node.id,
        cluster: node.cluster,
        peer: caller.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        protocol: V::PROTOCOL,
    };
    let mut stream = Stream::new(shared, identity, subscription.horizon());
    stream.offer(offer);
    let resumes = first.request.as_ref().is_some_and(Request::resumes);
    if let Break(end) = stream.take(first) {
        return end;
    }
    if resumes && let Break(end) = stream.take_resuming::<V>(&mut requests).await {
        return end;
    }
    stream.run::<V>(&mut requests, &mut subscription, sender).await
}

async fn first_request<V: Variant>(
    requests: &mut Streaming<V::Request>,
    config: &Config,
) -> ControlFlow<End, (Node, Incoming)> {
    let first = match timeout(config.first_request, requests.message()).await {
        Ok(Ok(Some(first))) => first,
        Ok(Ok(None)) => return Break(None),
        Ok(Err(status)) => return Break(Some(status)),
        Err(_) => return Break(Some(Status::deadline_exceeded("no request came"))),
    };
    let mut incoming = V::read(first);
    match node::admit(incoming.node.take(), config.envoy_min) {
        Ok(node) => Continue((node, incoming)),
        Err(status) => Break(Some(status)),
    }
}
