//! The instances of a target that may be called.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weft_model::health::{self, CheckStatus};
use weft_state::{Instance, StateView};

use crate::Notice;
use crate::chain::Target;

/// Who may be called, in the order of their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    pub list: Vec<Endpoint>,
    /// Instances that are healthy and yet cannot be called.
    pub notices: Vec<Notice>,
}

/// One instance's proxy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Endpoint {
    pub ip: IpAddr,
    pub port: u16,
    /// Its share of the calls, at least 1.
    pub weight: u32,
}

/// The proxies and native instances that serve `target` and have no critical check.
#[must_use]
pub fn endpoints(view: &StateView<'_>, target: &Target) -> Endpoints {
    let mut by_address = BTreeMap::new();
    let mut notices = Vec::new();
    for instance in view.connect_instances(&target.service) {
        if instance.node.value.datacenter != target.datacenter && !instance.node.value.datacenter.is_empty() {
            continue;
        }
        let Some(weight) = weight(&instance) else { continue };
        match place(&instance) {
            Ok(place) => {
                by_address.entry(place).or_insert(weight);
            }
            Err(reason) => {
                let service = &instance.service.value;
                let about = format!("instance {} on {} of {}", service.id, instance.node.value.name, target.service);
                notices.push(Notice::new(about, reason));
            }
        }
    }
    let list = by_address.into_iter().map(|((ip, port), weight)| Endpoint { ip, port, weight }).collect();
    Endpoints { list, notices }
}

/// The share of an instance by its health; `None` when it must not be called.
fn weight(instance: &Instance) -> Option<u32> {
    let weights = instance.service.value.weights;
    let weight = match health::aggregate(instance.checks.iter().map(|check| &*check.value)) {
        CheckStatus::Passing => weights.passing,
        CheckStatus::Warning => weights.warning,
        CheckStatus::Critical => 0,
    };
    // Envoy adds the weights up in 32 bits.
    u32::try_from(weight.clamp(0, 65_535)).ok().filter(|weight| *weight > 0)
}

fn place(instance: &Instance) -> Result<(IpAddr, u16), String> {
    let (service, node) = (&instance.service.value, &instance.node.value);
    let address = if service.address.is_empty() { &node.address } else { &service.address };
    let ip = address.parse().map_err(|_| format!("{address:?} is not an IP address; it is left out"))?;
    if service.port == 0 {
        return Err("it has no port; it is left out".into());
    }
    Ok((ip, service.port))
}
