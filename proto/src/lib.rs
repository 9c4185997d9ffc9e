//! The wire types weft speaks, under short names.
//!
//! Envoy's v3 API comes from a published crate and is re-exported here, so that the rest of the tree
//! writes `envoy::cluster::Cluster` and only this file knows where it came from. Our own messages are
//! generated from the `.proto` files beside this crate.

pub mod envoy;
pub mod peer;
pub mod stable;

/// Google's well-known types, as Envoy's messages embed them.
pub mod google {
    pub use envoy_types::pb::google::protobuf;
    pub use envoy_types::pb::google::rpc;
}

/// The unified matcher and its kin (`xds.*`).
pub use envoy_types::pb::xds;

pub use google::protobuf::Any;
pub use prost::{Message, Name};

/// Packs a message into the `Any` that Envoy's extension points want.
pub fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_carries_the_type_url_envoy_looks_up() {
        let packed = any(&envoy::cluster::Cluster::default());
        assert_eq!(packed.type_url, "type.googleapis.com/envoy.config.cluster.v3.Cluster");
        assert!(packed.value.is_empty());
    }
}
