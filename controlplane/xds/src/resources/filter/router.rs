//! The router: sends a request where its route says.

use weft_proto::envoy::filter::http::router::Router;
use weft_proto::{Any, any};

pub(super) const NAME: &str = "envoy.filters.http.router";

pub(super) fn config() -> Any {
    any(&Router::default())
}
