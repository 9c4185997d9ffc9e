//! Lets HTTP/1.1 clients call gRPC services.

use weft_proto::envoy::filter::http::grpc_http1_bridge::Config;
use weft_proto::{Any, any};

pub(super) const NAME: &str = "envoy.filters.http.grpc_http1_bridge";

pub(super) fn config() -> Any {
    any(&Config::default())
}
