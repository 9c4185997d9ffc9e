//! An ADS client for both protocols. Responses print as `cds a=1 b=2 -c` and are acknowledged as they
//! are taken, unless told otherwise.

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use weft_proto::envoy::core::Node;
use weft_proto::envoy::discovery::aggregated_discovery_service_client::AggregatedDiscoveryServiceClient;
use weft_proto::envoy::discovery::{
    DeltaDiscoveryRequest, DeltaDiscoveryResponse, DiscoveryRequest, DiscoveryResponse,
};
use weft_proto::google::rpc;
use weft_xds::session::Protocol;
use weft_xds::set::ResourceType;

use crate::support::{kind, show_body};

/// How long an expected response may take, and how long silence is listened to.
const PATIENCE: Duration = Duration::from_secs(30);
const SILENCE: Duration = Duration::from_millis(150);

pub const BOTH: [Protocol; 2] = [Protocol::Delta, Protocol::Sotw];

pub async fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    endpoint.connect().await.unwrap()
}

pub fn node(id: &str) -> Node {
    Node { id: id.to_owned(), ..Node::default() }
}

/// A response, reduced to what tests look at.
#[derive(Debug)]
pub struct Got {
    pub of: ResourceType,
    pub nonce: String,
    pub version: String,
    /// Version by name; delta only.
    pub versions: HashMap<String, String>,
    pub shown: String,
}

enum Stream {
    Delta { requests: mpsc::Sender<DeltaDiscoveryRequest>, responses: Streaming<DeltaDiscoveryResponse> },
    Sotw { requests: mpsc::Sender<DiscoveryRequest>, responses: Streaming<DiscoveryResponse> },
}

pub struct Client {
    stream: Stream,
    pub node: Option<Node>,
    names: HashMap<ResourceType, BTreeSet<String>>,
    nonces: HashMap<ResourceType, String>,
    versions: HashMap<ResourceType, String>,
}

impl Client {
    pub async fn connect(address: SocketAddr, protocol: Protocol, id: &str) -> Self {
        Self::open(channel(address).await, protocol, Some(node(id)), None).await
    }

    pub async fn open(channel: Channel, protocol: Protocol, node: Option<Node>, token: Option<&str>) -> Self {
        let mut ads = AggregatedDiscoveryServiceClient::new(channel);
        let stream = match protocol {
            Protocol::Delta => {
                let (requests, receiver) = mpsc::channel(16);
                let request = call(ReceiverStream::new(receiver), token);
                let responses = ads.delta_aggregated_resources(request).await.unwrap();
                Stream::Delta { requests, responses: responses.into_inner() }
            }
            Protocol::Sotw => {
                let (requests, receiver) = mpsc::channel(16);
                let request = call(ReceiverStream::new(receiver), token);
                let responses = ads.stream_aggregated_resources(request).await.unwrap();
                Stream::Sotw { requests, responses: responses.into_inner() }
            }
        };
        Self { stream, node, names: HashMap::new(), nonces: HashMap::new(), versions: HashMap::new() }
    }

    /// Asks for a type without a name.
    pub async fn subscribe_all(&mut self, of: &str) {
        self.request(of, &[], &[], None).await;
    }

    pub async fn subscribe(&mut self, of: &str, names: &[&str]) {
        self.request(of, names, &[], None).await;
    }

    pub async fn unsubscribe(&mut self, of: &str, names: &[&str]) {
        self.request(of, &[], names, None).await;
    }

    /// Takes a response, accepts it, and compares it.
    pub async fn expect(&mut self, shown: &str) -> Got {
        let got = self.take().await.expect("a response");
        assert_eq!(got.shown, shown);
        self.ack(&got).await;
        got
    }

    /// Nothing comes for a while.
    pub async fn expect_silence(&mut self) {
        if let Ok(got) = timeout(SILENCE, self.message()).await {
            panic!("silence was expected, not {got:?}");
        }
    }

    /// The stream ends with this.
    pub async fn expect_end(&mut self, code: Code) -> String {
        match self.take().await {
            Err(Some(status)) => {
                assert_eq!(status.code(), code, "{status}");
                status.message().to_owned()
            }
            Err(None) => {
                assert_eq!(code, Code::Ok, "the stream ended well");
                String::new()
            }
            Ok(got) => panic!("an end was expected, not {got:?}"),
        }
    }

    pub async fn take(&mut self) -> Result<Got, Option<Status>> {
        timeout(PATIENCE, self.message()).await.expect("something in time")
    }

    pub async fn ack(&mut self, got: &Got) {
        self.nonces.insert(got.of, got.nonce.clone());
        self.versions.insert(got.of, got.version.clone());
        self.verdict(got.of, None).await;
    }

    pub async fn nack(&mut self, got: &Got, message: &str) {
        self.nonces.insert(got.of, got.nonce.clone());
        self.verdict(got.of, Some(message)).await;
    }

    async fn verdict(&mut self, of: ResourceType, fault: Option<&str>) {
        self.request(of.kind().short, &[], &[], fault).await;
        if let Stream::Delta { .. } = self.stream {
            self.nonces.remove(&of);
        }
    }

    async fn message(&mut self) -> Result<Got, Option<Status>> {
        match &mut self.stream {
            Stream::Delta { responses, .. } => match responses.message().await {
                Ok(Some(response)) => Ok(got_delta(response)),
                Ok(None) => Err(None),
                Err(status) => Err(Some(status)),
            },
            Stream::Sotw { responses, .. } => match responses.message().await {
                Ok(Some(response)) => Ok(got_sotw(response)),
                Ok(None) => Err(None),
                Err(status) => Err(Some(status)),
            },
        }
    }

    async fn request(&mut self, of: &str, more: &[&str], less: &[&str], fault: Option<&str>) {
        let of = kind(of);
        let names = self.names.entry(of).or_default();
        names.extend(more.iter().map(|name| name.to_string()));
        names.retain(|name| !less.contains(&name.as_str()));
        let names = names.iter().cloned().collect();
        self.send(of.kind().type_url, names, more, less, fault).await;
    }

    /// Sends a request as it is; the list of all names serves SotW, more and less serve delta.
    pub async fn send(
        &mut self,
        type_url: &str,
        names: Vec<String>,
        more: &[&str],
        less: &[&str],
        fault: Option<&str>,
    ) {
        let of = ResourceType::from_type_url(type_url);
        let nonce = of.and_then(|of| self.nonces.get(&of)).cloned();
        let version = of.and_then(|of| self.versions.get(&of)).cloned();
        let strings = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let error_detail =
            fault.map(|message| rpc::Status { code: 3, message: message.to_owned(), ..rpc::Status::default() });
        // A server that ended the stream takes no more requests; tests look at how it ended.
        match &self.stream {
            Stream::Delta { requests, .. } => {
                let request = DeltaDiscoveryRequest {
                    node: self.node.take(),
                    type_url: type_url.to_owned(),
                    resource_names_subscribe: strings(more),
                    resource_names_unsubscribe: strings(less),
                    response_nonce: nonce.unwrap_or_default(),
                    error_detail,
                    ..DeltaDiscoveryRequest::default()
                };
                let _ = requests.send(request).await;
            }
            Stream::Sotw { requests, .. } => {
                let request = DiscoveryRequest {
                    node: self.node.take(),
                    type_url: type_url.to_owned(),
                    resource_names: names,
                    response_nonce: nonce.unwrap_or_default(),
                    version_info: version.unwrap_or_default(),
                    error_detail,
                    ..DiscoveryRequest::default()
                };
                let _ = requests.send(request).await;
            }
        }
    }
}

fn call<T>(requests: ReceiverStream<T>, token: Option<&str>) -> Request<ReceiverStream<T>> {
    let mut request = Request::new(requests);
    if let Some(token) = token {
        let token = token.parse().unwrap();
        request.metadata_mut().insert("x-consul-token", token);
    }
    request
}

fn got_delta(response: DeltaDiscoveryResponse) -> Got {
    let of = ResourceType::from_type_url(&response.type_url).unwrap();
    let mut shown = vec![of.kind().short.to_owned()];
    let mut versions = HashMap::new();
    for resource in &response.resources {
        let any = resource.resource.as_ref().unwrap();
        assert_eq!(any.type_url, response.type_url);
        let text = show_body(of, &any.value);
        assert!(text.starts_with(&format!("{}=", resource.name)));
        shown.push(text);
        versions.insert(resource.name.clone(), resource.version.clone());
    }
    shown.extend(response.removed_resources.iter().map(|name| format!("-{name}")));
    Got { of, nonce: response.nonce, version: response.system_version_info, versions, shown: shown.join(" ") }
}

fn got_sotw(response: DiscoveryResponse) -> Got {
    let of = ResourceType::from_type_url(&response.type_url).unwrap();
    let mut shown = vec![of.kind().short.to_owned()];
    for any in &response.resources {
        assert_eq!(any.type_url, response.type_url);
        shown.push(show_body(of, &any.value));
    }
    Got { of, nonce: response.nonce, version: response.version_info, versions: HashMap::new(), shown: shown.join(" ") }
}
