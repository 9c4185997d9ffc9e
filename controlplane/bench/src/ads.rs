//! A delta ADS client that keeps what it is sent and acknowledges it, as a proxy would.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context;
use prost::{Message, Name};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;
use weft_proto::envoy::cluster::Cluster;
use weft_proto::envoy::core::Node;
use weft_proto::envoy::discovery::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use weft_proto::envoy::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use weft_proto::envoy::endpoint::ClusterLoadAssignment;
use weft_proto::envoy::listener::Listener;

/// One stream.
pub(crate) struct Client {
    requests: mpsc::Sender<DeltaDiscoveryRequest>,
    responses: Streaming<DeltaDiscoveryResponse>,
    /// Resources and bytes received so far.
    pub(crate) resources: usize,
    pub(crate) bytes: usize,
}

impl Client {
    /// Connects as the proxy `id` and subscribes to all clusters and listeners.
    pub(crate) async fn open(address: SocketAddr, id: &str) -> anyhow::Result<Self> {
        let channel = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true).connect().await?;
        let (requests, receiver) = mpsc::channel(64);
        for (type_url, first) in [(Cluster::type_url(), true), (Listener::type_url(), false)] {
            let node = first.then(|| Node { id: id.into(), cluster: id.into(), ..Node::default() });
            requests.send(DeltaDiscoveryRequest { node, type_url, ..DeltaDiscoveryRequest::default() }).await?;
        }
        let mut client = AggregatedDiscoveryServiceClient::new(channel);
        let responses = client.delta_aggregated_resources(ReceiverStream::new(receiver)).await?.into_inner();
        Ok(Self { requests, responses, resources: 0, bytes: 0 })
    }

    /// Takes the next response, acknowledges it, and subscribes to the endpoints of new clusters.
    pub(crate) async fn next(&mut self) -> anyhow::Result<DeltaDiscoveryResponse> {
        let response = self.responses.message().await?.context("the server ended the stream")?;
        self.resources += response.resources.len();
        self.bytes += response.encoded_len();
        let acknowledgement = DeltaDiscoveryRequest {
            type_url: response.type_url.clone(),
            response_nonce: response.nonce.clone(),
            ..DeltaDiscoveryRequest::default()
        };
        self.requests.send(acknowledgement).await?;
        if response.type_url == Cluster::type_url() {
            let eds = response.resources.iter().filter(|resource| resource.name != "local_app");
            let names: Vec<_> = eds.map(|resource| resource.name.clone()).collect();
            if !names.is_empty() {
                let subscribe = DeltaDiscoveryRequest {
                    type_url: ClusterLoadAssignment::type_url(),
                    resource_names_subscribe: names,
                    ..DeltaDiscoveryRequest::default()
                };
                self.requests.send(subscribe).await?;
            }
        }
        Ok(response)
    }

    /// Takes responses until endpoints with this port came; when that was.
    pub(crate) async fn until_port(&mut self, port: u32) -> anyhow::Result<Instant> {
        loop {
            let response = self.next().await?;
            if response.type_url == ClusterLoadAssignment::type_url() && holds_port(&response, port)? {
                return Ok(Instant::now());
            }
        }
    }

    /// Takes responses until none came for `quiet`.
    pub(crate) async fn settle(&mut self, quiet: Duration) -> anyhow::Result<()> {
        while let Ok(response) = tokio::time::timeout(quiet, self.next()).await {
            response?;
        }
        Ok(())
    }
}

fn holds_port(response: &DeltaDiscoveryResponse, port: u32) -> anyhow::Result<bool> {
    for any in response.resources.iter().filter_map(|resource| resource.resource.as_ref()) {
        let assignment = ClusterLoadAssignment::decode(any.value.as_slice())?;
        if format!("{assignment:?}").contains(&format!("PortValue({port})")) {
            return Ok(true);
        }
    }
    Ok(false)
}
