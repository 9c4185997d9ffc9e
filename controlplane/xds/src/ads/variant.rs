//! The two ADS methods as one trait: how requests are read and responses written.

use weft_proto::envoy::core::Node;
use weft_proto::envoy::discovery::{DeltaDiscoveryRequest, DiscoveryRequest};
use weft_proto::google::rpc::Status;

use crate::session::{Change, Fault, Protocol, Request, Response};
use crate::set::ResourceType;
use crate::wire::{DeltaFrame, SotwFrame};

/// One ADS method.
pub(super) trait Variant: Send + 'static {
    const PROTOCOL: Protocol;
    type Request: prost::Message + Default + 'static;
    type Frame: prost::Message + Default + From<Response> + 'static;

    fn read(request: Self::Request) -> Incoming;
}

/// A request as read: the node if it carries one, and what the session needs if the type is served.
pub(super) struct Incoming {
    pub(super) node: Option<Node>,
    pub(super) type_url: String,
    pub(super) request: Option<Request>,
}

/// `DeltaAggregatedResources`.
pub(super) struct Delta;

/// `StreamAggregatedResources`.
pub(super) struct Sotw;

impl Variant for Delta {
    const PROTOCOL: Protocol = Protocol::Delta;
    type Request = DeltaDiscoveryRequest;
    type Frame = DeltaFrame;

    fn read(request: DeltaDiscoveryRequest) -> Incoming {
        let of = ResourceType::from_type_url(&request.type_url);
        Incoming {
            node: request.node,
            request: of.map(|of| Request {
                of,
                nonce: request.response_nonce,
                fault: request.error_detail.map(fault),
                change: Change::Delta {
                    subscribe: request.resource_names_subscribe,
                    unsubscribe: request.resource_names_unsubscribe,
                    initial: request.initial_resource_versions,
                },
            }),
            type_url: request.type_url,
        }
    }
}

impl Variant for Sotw {
    const PROTOCOL: Protocol = Protocol::Sotw;
    type Request = DiscoveryRequest;
    type Frame = SotwFrame;

    fn read(request: DiscoveryRequest) -> Incoming {
        let of = ResourceType::from_type_url(&request.type_url);
        Incoming {
            node: request.node,
            request: of.map(|of| Request {
                of,
                nonce: request.response_nonce,
                fault: request.error_detail.map(fault),
                change: Change::Sotw { names: request.resource_names, version: request.version_info },
            }),
            type_url: request.type_url,
        }
    }
}

fn fault(status: Status) -> Fault {
    Fault { code: status.code, message: status.message }
}
