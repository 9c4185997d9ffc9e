//! A delta ADS client that keeps what it is sent and acknowledges it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use prost::{Message, Name};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Endpoint;
use tonic::{Status, Streaming};
use weft_proto::envoy::cluster::Cluster;
use weft_proto::envoy::core::Node;
use weft_proto::envoy::discovery::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use weft_proto::envoy::discovery::{DeltaDiscoveryRequest, DeltaDiscoveryResponse};
use weft_proto::envoy::endpoint::ClusterLoadAssignment;
use weft_proto::envoy::extension::tls::Secret;
use weft_proto::envoy::listener::Listener;

/// Resources of one type by name.
pub type Held<M> = BTreeMap<String, M>;

/// Type URL, then name to version.
pub type Versions = BTreeMap<String, BTreeMap<String, String>>;

/// One stream of one proxy.
pub struct Stream {
    requests: mpsc::Sender<DeltaDiscoveryRequest>,
    responses: Streaming<DeltaDiscoveryResponse>,
    held: BTreeMap<String, BTreeMap<String, (String, Vec<u8>)>>,
    /// Resources received, repetitions included.
    pub received: usize,
    /// Each response: its type, and the names in it.
    pub log: Vec<(String, Vec<String>)>,
}

impl Stream {
    /// Connects as the proxy `id` and asks for all clusters and listeners, the endpoints of its
    /// clusters, and both secrets.
    pub async fn open(address: SocketAddr, id: &str) -> Self {
        Self::reopen(address, id, &Versions::new()).await
    }

    /// As [`Stream::open`], with what an earlier stream has left.
    pub async fn reopen(address: SocketAddr, id: &str, held: &Versions) -> Self {
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        let (requests, receiver) = mpsc::channel(64);
        let mut client = AggregatedDiscoveryServiceClient::new(channel);
        let node = Node { id: id.into(), cluster: id.into(), ..Node::default() };
        let names = |url: &str| held.get(url).map(|names| names.keys().cloned().collect()).unwrap_or_default();
        let first = |url: String, resource_names_subscribe: Vec<String>| DeltaDiscoveryRequest {
            node: Some(node.clone()),
            initial_resource_versions: held.get(&url).cloned().unwrap_or_default().into_iter().collect(),
            type_url: url,
            resource_names_subscribe,
            ..DeltaDiscoveryRequest::default()
        };
        requests.send(first(Cluster::type_url(), vec![])).await.unwrap();
        requests.send(first(Listener::type_url(), vec![])).await.unwrap();
        requests.send(first(Secret::type_url(), vec!["roots".into(), "leaf".into()])).await.unwrap();
        let endpoints: Vec<String> = names(&ClusterLoadAssignment::type_url());
        if !endpoints.is_empty() {
            requests.send(first(ClusterLoadAssignment::type_url(), endpoints)).await.unwrap();
        }
        let responses = client.delta_aggregated_resources(ReceiverStream::new(receiver)).await;
        let responses = responses.unwrap().into_inner();
        Self { requests, responses, held: BTreeMap::new(), received: 0, log: Vec::new() }
    }

    /// Takes one response and acknowledges it.
    pub async fn take(&mut self) -> Result<(), Status> {
        let response = self.responses.message().await?.ok_or_else(|| Status::cancelled("ended without a word"))?;
        self.received += response.resources.len();
        let names: Vec<_> = response.resources.iter().map(|resource| resource.name.clone()).collect();
        self.log.push((response.type_url.clone(), names.clone()));
        let held = self.held.entry(response.type_url.clone()).or_default();
        for resource in response.resources {
            held.insert(resource.name, (resource.version, resource.resource.unwrap_or_default().value));
        }
        for name in &response.removed_resources {
            held.remove(name);
        }
        let acknowledgement = DeltaDiscoveryRequest {
            type_url: response.type_url.clone(),
            response_nonce: response.nonce,
            ..DeltaDiscoveryRequest::default()
        };
        // The stream may be ending; the next response tells.
        drop(self.requests.send(acknowledgement).await);
        if response.type_url == Cluster::type_url() {
            self.subscribe_endpoints(names).await;
        }
        Ok(())
    }

    async fn subscribe_endpoints(&mut self, clusters: Vec<String>) {
        let names: Vec<_> = clusters.into_iter().filter(|name| name != "local_app").collect();
        if names.is_empty() {
            return;
        }
        let request = DeltaDiscoveryRequest {
            type_url: ClusterLoadAssignment::type_url(),
            resource_names_subscribe: names,
            ..DeltaDiscoveryRequest::default()
        };
        drop(self.requests.send(request).await);
    }

    /// Takes responses until what it holds of a type is as wanted.
    pub async fn until<M: Message + Name + Default>(&mut self, wanted: impl Fn(&Held<M>) -> bool) -> Held<M> {
        let waiting = async {
            loop {
                let held = self.held::<M>();
                if wanted(&held) {
                    return held;
                }
                self.take().await.unwrap();
            }
        };
        timeout(Duration::from_secs(30), waiting).await.expect("the wanted resources did not come")
    }

    /// Takes responses until none comes for this long.
    pub async fn quiet(&mut self, pause: Duration) {
        while let Ok(taken) = timeout(pause, self.take()).await {
            taken.unwrap();
        }
    }

    /// Takes responses until the stream ends; how it does.
    pub async fn ended(&mut self) -> Status {
        loop {
            if let Err(status) = self.take().await {
                return status;
            }
        }
    }

    /// What it holds.
    pub fn held<M: Message + Name + Default>(&self) -> Held<M> {
        let held = self.held.get(&M::type_url()).into_iter().flatten();
        held.map(|(name, (_, body))| (name.clone(), M::decode(body.as_slice()).unwrap())).collect()
    }

    /// The versions of what it holds.
    pub fn versions(&self) -> Versions {
        let of_type = |held: &BTreeMap<String, (String, Vec<u8>)>| {
            held.iter().map(|(name, (version, _))| (name.clone(), version.clone())).collect()
        };
        self.held.iter().map(|(url, held)| (url.clone(), of_type(held))).collect()
    }
}
