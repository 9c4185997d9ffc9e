//! `Connect.SidecarService`: a nested definition that inherits from its parent what it does not say.

use super::{CheckBody, ServiceDefinition};
use crate::catalog::{Proxy, ServiceKind};
use crate::faults::Faults;
use crate::names::ServiceId;
use crate::time::GoDuration;

/// What is put behind the parent's id and name.
pub const SIDECAR_SUFFIX: &str = "-sidecar-proxy";

/// The id of the sidecar that was registered with `parent`.
#[must_use]
pub fn sidecar_id(parent: &ServiceId) -> ServiceId {
    format!("{parent}{SIDECAR_SUFFIX}").into()
}

/// Takes the nested sidecar out of `parent` and fills its defaults; the id of the parent goes along.
pub(super) fn take(parent: &mut ServiceDefinition, faults: &mut Faults) -> Option<(ServiceDefinition, ServiceId)> {
    let mut sidecar = *parent.connect.as_mut()?.sidecar_service.take()?;
    if !sidecar.id.is_empty() {
        faults.list("A SidecarService cannot specify an ID as this is managed by the agent");
    }
    if sidecar.connect.as_ref().is_some_and(|connect| connect.sidecar_service.is_some()) {
        faults.list("A SidecarService cannot have a nested SidecarService");
    }
    let parent_id = parent.service_id();
    sidecar.id = sidecar_id(&parent_id).as_str().to_owned();
    sidecar.kind = ServiceKind::ConnectProxy;
    if sidecar.name.is_empty() {
        sidecar.name = format!("{}{SIDECAR_SUFFIX}", parent.name).into();
    }
    inherit(&mut sidecar, parent);
    let proxy = sidecar.proxy.get_or_insert_with(Proxy::default);
    fill_proxy(proxy, parent, &parent_id);
    if sidecar.check.is_none() && sidecar.checks.is_empty() {
        sidecar.checks = default_checks(&sidecar, &parent_id);
    }
    Some((sidecar, parent_id))
}

fn inherit(sidecar: &mut ServiceDefinition, parent: &ServiceDefinition) {
    if sidecar.address.is_empty() {
        sidecar.address.clone_from(&parent.address);
    }
    if sidecar.tags.is_empty() {
        sidecar.tags.clone_from(&parent.tags);
    }
    if sidecar.meta.is_empty() {
        sidecar.meta.clone_from(&parent.meta);
    }
    if sidecar.token.is_empty() {
        sidecar.token.clone_from(&parent.token);
    }
}

fn fill_proxy(proxy: &mut Proxy, parent: &ServiceDefinition, parent_id: &ServiceId) {
    if proxy.destination_service_name.is_empty() {
        proxy.destination_service_name = parent.name.clone();
    }
    if proxy.destination_service_id.is_empty() {
        proxy.destination_service_id = parent_id.clone();
    }
    if proxy.local_service_socket_path.is_empty() {
        if proxy.local_service_address.is_empty() {
            "127.0.0.1".clone_into(&mut proxy.local_service_address);
        }
        if proxy.local_service_port == 0 {
            proxy.local_service_port = parent.port;
        }
    }
}

/// A TCP check of the proxy's port and an alias of the parent. The port may still be 0 here: whoever
/// stores the registration puts the allocated one in its place.
fn default_checks(sidecar: &ServiceDefinition, parent_id: &ServiceId) -> Vec<CheckBody> {
    let address = if sidecar.address.is_empty() { "127.0.0.1" } else { &sidecar.address };
    vec![
        CheckBody {
            name: "Connect Sidecar Listening".into(),
            tcp: format!("{address}:{}", sidecar.port),
            interval: GoDuration::from_secs(10),
            ..CheckBody::default()
        },
        CheckBody {
            name: format!("Connect Sidecar Aliasing {parent_id}"),
            alias_service: parent_id.as_str().to_owned(),
            ..CheckBody::default()
        },
    ]
}
