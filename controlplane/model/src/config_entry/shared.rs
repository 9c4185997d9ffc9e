//! What `proxy-defaults` and `service-defaults` have in common.

use crate::catalog::{Expose, MeshGateway};
use crate::faults::Faults;

/// Whether a field is left out of the document.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(super) fn validate_mutual_tls_mode(mode: &str, faults: &mut Faults) {
    if !matches!(mode, "" | "strict" | "permissive") {
        faults.add("MutualTLSMode", format!("must be \"strict\" or \"permissive\", not {mode:?}"));
    }
}

pub(super) fn validate_mesh_gateway(gateway: &MeshGateway, faults: &mut Faults) {
    if !matches!(gateway.mode.as_str(), "" | "none" | "local" | "remote") {
        faults.add("MeshGateway.Mode", format!("must be \"none\", \"local\" or \"remote\", not {:?}", gateway.mode));
    }
}

pub(super) fn validate_expose(expose: &Expose, faults: &mut Faults) {
    for (position, path) in expose.paths.iter().enumerate() {
        let place = format!("Expose.Paths[{position}]");
        if !path.path.starts_with('/') {
            faults.add(format!("{place}.Path"), format!("must start with '/', not {:?}", path.path));
        }
        if path.listener_port == 0 {
            faults.add(format!("{place}.ListenerPort"), "must be between 1 and 65535");
        }
        if !matches!(path.protocol.as_str(), "" | "http" | "http2") {
            faults.add(format!("{place}.Protocol"), format!("must be \"http\" or \"http2\", not {:?}", path.protocol));
        }
    }
}
