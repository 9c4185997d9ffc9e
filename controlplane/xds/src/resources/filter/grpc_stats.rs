//! Counts of gRPC calls and their outcomes.

use weft_proto::envoy::filter::http::grpc_stats::FilterConfig;
use weft_proto::envoy::filter::http::grpc_stats::filter_config::PerMethodStatSpecifier;
use weft_proto::{Any, any};

use crate::resources::common::boolean;

pub(super) const NAME: &str = "envoy.filters.http.grpc_stats";

/// By service and method as they come: callers are known services, not the internet.
pub(super) fn config() -> Any {
    any(&FilterConfig {
        per_method_stat_specifier: Some(PerMethodStatSpecifier::StatsForAllMethods(boolean(true))),
        ..FilterConfig::default()
    })
}
