//! Small pieces that many messages contain.

use std::net::IpAddr;
use std::time::Duration as StdDuration;

use weft_mesh::address::{Bind, Local};
use weft_proto::envoy::core::{
    Address, AggregatedConfigSource, ApiVersion, ConfigSource, Pipe, SocketAddress, address, config_source,
    socket_address,
};
use weft_proto::envoy::matcher::{RegexMatcher, StringMatcher, string_matcher};
use weft_proto::google::protobuf::{BoolValue, Duration, UInt32Value};

/// The cluster that leads to the application.
pub(super) const LOCAL_APP: &str = "local_app";

/// "Over the stream that this came on". Whoever refers to another resource waits for it without end:
/// starting without it would mean running without its protection.
pub(super) fn ads() -> ConfigSource {
    ConfigSource {
        config_source_specifier: Some(config_source::ConfigSourceSpecifier::Ads(AggregatedConfigSource {})),
        resource_api_version: ApiVersion::V3.into(),
        initial_fetch_timeout: Some(Duration::default()),
        ..ConfigSource::default()
    }
}

pub(super) fn millis(ms: u64) -> Duration {
    let duration = StdDuration::from_millis(ms);
    Duration {
        seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(duration.subsec_nanos()).unwrap_or(0),
    }
}

pub(super) fn uint(value: u32) -> UInt32Value {
    UInt32Value { value }
}

pub(super) fn boolean(value: bool) -> BoolValue {
    BoolValue { value }
}

pub(super) fn exact(text: &str) -> StringMatcher {
    pattern(string_matcher::MatchPattern::Exact(text.to_owned()))
}

pub(super) fn regex(pattern: &str) -> RegexMatcher {
    RegexMatcher { regex: pattern.to_owned(), ..RegexMatcher::default() }
}

pub(super) fn matching(pattern: &str) -> StringMatcher {
    self::pattern(string_matcher::MatchPattern::SafeRegex(regex(pattern)))
}

pub(super) fn pattern(pattern: string_matcher::MatchPattern) -> StringMatcher {
    StringMatcher { ignore_case: false, match_pattern: Some(pattern) }
}

pub(super) fn bind_address(bind: &Bind) -> Address {
    match bind {
        Bind::Tcp { ip, port } => ip_address(*ip, *port),
        Bind::Pipe { path, mode } => pipe(path, *mode),
    }
}

pub(super) fn local_address(local: &Local) -> Address {
    match local {
        Local::Tcp { host, port } => socket(host.clone(), *port),
        Local::Pipe { path } => pipe(path, 0),
    }
}

pub(super) fn ip_address(ip: IpAddr, port: u16) -> Address {
    socket(ip.to_string(), port)
}

fn socket(address: String, port: u16) -> Address {
    let port = Some(socket_address::PortSpecifier::PortValue(port.into()));
    let socket = SocketAddress { address, port_specifier: port, ..SocketAddress::default() };
    Address { address: Some(address::Address::SocketAddress(socket)) }
}

fn pipe(path: &str, mode: u32) -> Address {
    Address { address: Some(address::Address::Pipe(Pipe { path: path.to_owned(), mode })) }
}
