//! What a service definition may say, in Consul's words.

use std::net::IpAddr;

use super::ServiceDefinition;
use crate::catalog::{Meta, Proxy, ServiceKind, Upstream, Weights};
use crate::faults::Faults;
use crate::names::WILDCARD;

impl ServiceDefinition {
    /// Notes all that is wrong with the definition. A sidecar is given a port where it has none.
    pub(super) fn validate(&self, is_sidecar: bool, faults: &mut Faults) {
        if let Some(ip) = self.address.parse::<IpAddr>().ok().filter(IpAddr::is_unspecified) {
            faults.say(format!("Invalid service address: {ip}"));
        }
        if let Some(weights) = self.weights {
            validate_weights(weights, faults);
        }
        for (field, value) in [("Namespace", &self.namespace), ("Partition", &self.partition)] {
            if !matches!(value.as_str(), "" | "default") {
                faults.say(format!("Invalid {field}: only \"default\" is supported, not {value:?}"));
            }
        }
        validate_meta(&self.meta, faults);
        if self.kind == ServiceKind::ConnectProxy {
            self.validate_proxy(is_sidecar, faults);
        } else if let Some(proxy) = &self.proxy
            && self.kind != ServiceKind::Typical
            && !proxy.destination_service_name.is_empty()
        {
            faults.list(format!(
                "The Proxy.DestinationServiceName configuration is invalid for a {}",
                self.kind.as_str()
            ));
        }
    }

    fn validate_proxy(&self, is_sidecar: bool, faults: &mut Faults) {
        let none = Proxy::default();
        let proxy = self.proxy.as_ref().unwrap_or(&none);
        if proxy.destination_service_name.is_empty() {
            faults.list("Proxy.DestinationServiceName must be non-empty for Connect proxy services");
        }
        if proxy.destination_service_name == WILDCARD {
            faults.list("Proxy.DestinationServiceName must not be a wildcard for Connect proxy services");
        }
        if self.port == 0 && self.socket_path.is_empty() && !is_sidecar {
            faults.list("Port must be set for a Connect proxy");
        }
        if self.connect.as_ref().is_some_and(|connect| connect.native) {
            faults.list("A Proxy cannot also be Connect Native, only typical services");
        }
        for (position, upstream) in proxy.upstreams.iter().enumerate() {
            validate_upstream(upstream, proxy, faults);
            validate_unique(upstream, &proxy.upstreams[..position], faults);
        }
    }
}

fn validate_weights(weights: Weights, faults: &mut Faults) {
    if weights.passing < 1 {
        faults.say("Invalid Weights: Passing must be greater than 0");
    }
    if weights.warning < 0 {
        faults.say("Invalid Weights: Warning must be greater or equal than 0");
    }
    if weights.passing > 65535 || weights.warning > 65535 {
        faults.say("Invalid Weights: must be between 0 and 65535");
    }
}

fn validate_upstream(upstream: &Upstream, proxy: &Proxy, faults: &mut Faults) {
    if upstream.destination_name.is_empty() {
        faults.list("upstream destination name cannot be empty");
    }
    if upstream.destination_name == WILDCARD {
        faults.list("upstream destination name cannot be a wildcard");
    }
    if upstream.local_bind_port == 0 && upstream.local_bind_socket_path.is_empty() && !proxy.is_transparent() {
        faults.list("upstream local bind port cannot be zero");
    }
    let bind = upstream.bind_address();
    if bind.parse::<IpAddr>().is_err() {
        faults.list(format!("upstream local bind address {bind:?} is not an IP address"));
    }
}

/// No two upstreams listen in one place, and no two have one destination.
fn validate_unique(upstream: &Upstream, earlier: &[Upstream], faults: &mut Faults) {
    let (bind, port) = (upstream.bind_address(), upstream.local_bind_port);
    if port != 0 && earlier.iter().any(|other| (other.bind_address(), other.local_bind_port) == (bind, port)) {
        let place = format!("{bind}:{port}");
        faults.list(format!(
            "upstreams cannot contain duplicates by local bind address and port; {place:?} is specified twice"
        ));
    }
    let destination = (&upstream.destination_name, &upstream.datacenter);
    if earlier.iter().any(|other| (&other.destination_name, &other.datacenter) == destination) {
        faults.list(format!(
            "upstreams cannot contain duplicates of [type=\"service\", name={:?}, namespace=\"\", datacenter={:?}]",
            upstream.destination_name.as_str(),
            upstream.datacenter.as_str()
        ));
    }
}

/// Consul's limits on a service's metadata.
fn validate_meta(meta: &Meta, faults: &mut Faults) {
    if meta.len() > 64 {
        faults.say("Invalid Service Meta: Node metadata cannot contain more than 64 key/value pairs");
    }
    let plain = |key: &str| key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    for (key, value) in meta {
        let reason = match key.as_str() {
            "" => "Key cannot be blank",
            key if !plain(key) => "Key contains invalid characters",
            key if key.len() > 128 => "Key is too long (limit: 128 characters)",
            key if key.starts_with("consul-") => "Key prefix 'consul-' is reserved for internal use",
            _ if value.len() > 512 => "Value is too long (limit: 512 characters)",
            _ => continue,
        };
        faults.say(format!("Invalid Service Meta: Couldn't load metadata pair ('{key}', '{value}'): {reason}"));
    }
}
