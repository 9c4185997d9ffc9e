//! Instances of services: their addresses, or where they are with port and weight.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hickory_proto::rr::RecordType;
use rand::seq::SliceRandom;
use weft_model::catalog::{Node, Service};
use weft_model::health::{CheckStatus, aggregate};
use weft_model::{ServiceName, Topic};
use weft_state::Instance;

use super::{Question, Reply};
use crate::record::{self, wants};

impl Question<'_> {
    pub(super) fn service(&self, name: &str, tag: Option<&str>) -> Reply {
        let mut instances = self.spelled(name, |name| self.view.instances(name));
        if let Some(tag) = tag {
            instances.retain(|found| found.service.value.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)));
        }
        let source = source(name, &instances);
        let mut reply = self.instances(instances, name);
        reply.source = source;
        // Above `_NAME._tcp.service` lies `_tcp.service`, which is no service: something is below it.
        reply.missing &= !name.starts_with('_');
        reply
    }

    pub(super) fn connect(&self, name: &str) -> Reply {
        self.instances(self.spelled(name, |name| self.view.connect_instances(name)), name)
    }

    /// As it was asked, otherwise as it is spelled: DNS does not care for case, names in the catalog do.
    pub(super) fn spelled(&self, name: &str, find: impl Fn(&ServiceName) -> Vec<Instance>) -> Vec<Instance> {
        let found = find(&name.into());
        if !found.is_empty() {
            return found;
        }
        let spellings = self.view.service_spellings(name);
        spellings.iter().filter(|spelled| *spelled != name).flat_map(find).collect()
    }

    pub(super) fn instances(&self, instances: Vec<Instance>, service: &str) -> Reply {
        let ttl = self.settings.service_ttl.of(&service.to_ascii_lowercase());
        let mut instances = self.healthy(instances);
        instances.shuffle(&mut rand::rng());
        self.locations(&instances, ttl)
    }

    /// Those that may be named in an answer.
    pub(super) fn healthy(&self, mut instances: Vec<Instance>) -> Vec<Instance> {
        instances.retain(|instance| {
            let healthy = match status(instance) {
                CheckStatus::Passing => true,
                CheckStatus::Warning => !self.settings.only_passing,
                CheckStatus::Critical => false,
            };
            healthy && self.seen.instance(instance)
        });
        instances
    }

    /// Where these instances are, in their order.
    pub(super) fn locations(&self, instances: &[Instance], ttl: u32) -> Reply {
        if instances.is_empty() {
            return Reply::missing();
        }
        let reply =
            if self.kind == RecordType::SRV { self.srv(instances, ttl) } else { self.addresses(instances, ttl) };
        Reply { of_instances: true, ..reply }
    }

    fn addresses(&self, instances: &[Instance], ttl: u32) -> Reply {
        let mut reply = Reply::default();
        let mut seen = BTreeSet::new();
        let mut host = None;
        for instance in instances {
            let place = address_of(&instance.service.value, &instance.node.value);
            match place.parse::<IpAddr>() {
                Ok(address) if seen.insert(address) => {
                    reply.answers.extend(record::address(self.name, ttl, address, self.kind));
                }
                Ok(_) => {}
                // A name has one alias at most (RFC 1034, 3.6.2).
                Err(_) => host = host.or(record::fully_qualified(place)),
            }
        }
        if seen.is_empty()
            && let Some(host) = host
        {
            reply = self.alias(host, ttl);
            // An answer holds as long as the shortest part of it.
            reply.answers.iter_mut().for_each(|record| record.ttl = record.ttl.min(ttl));
        }
        if self.settings.a_record_limit > 0 {
            reply.answers.truncate(self.settings.a_record_limit);
        }
        reply
    }

    fn srv(&self, instances: &[Instance], ttl: u32) -> Reply {
        let mut reply = Reply::default();
        let (mut seen, mut glued) = (BTreeSet::new(), BTreeSet::new());
        for instance in instances {
            let (service, node) = (&*instance.service.value, &*instance.node.value);
            let place = address_of(service, node);
            if !seen.insert((&node.name, place, service.port)) {
                continue;
            }
            let address = place.parse::<IpAddr>().ok();
            let target = match address {
                Some(address) if !service.address.is_empty() => self.address_name(address),
                Some(_) => self.node_name(node),
                None => record::fully_qualified(place),
            };
            let Some(target) = target else { continue };
            reply.answers.push(record::srv(self.name, ttl, weight(instance), service.port, target.clone()));
            if !glued.insert((&node.name, place)) {
                continue;
            }
            match address {
                Some(address) => reply.additionals.extend(record::address(&target, ttl, address, RecordType::ANY)),
                None => reply.additionals.extend(self.addresses_of_alias(&target, ttl)),
            }
            if service.address.is_empty() && address.is_some() {
                reply.additionals.extend(self.meta(&target, node, ttl));
            }
        }
        reply
    }

    /// Node meta as text records, where the settings want it.
    pub(super) fn meta(&self, name: &record::Name, node: &Node, ttl: u32) -> Vec<record::Record> {
        if !self.settings.node_meta_txt && !wants(self.kind, RecordType::TXT) {
            return Vec::new();
        }
        node.meta.iter().map(|(key, value)| record::txt(name, ttl, key, value)).collect()
    }
}

/// What an answer with these instances of a service comes from, where that is the service alone: not its other spellings, and
/// no names that its addresses are. Whether there is no instance at all, the list of services says.
fn source(name: &str, instances: &[Instance]) -> Option<(Topic, bool)> {
    let is_own = |instance: &Instance| {
        let (service, node) = (&*instance.service.value, &*instance.node.value);
        service.name.as_str() == name && address_of(service, node).parse::<IpAddr>().is_ok()
    };
    match instances {
        [] => Some((Topic::Services, false)),
        all => all.iter().all(is_own).then(|| (Topic::Service(name.into()), all.len() > 1)),
    }
}

fn status(instance: &Instance) -> CheckStatus {
    aggregate(instance.checks.iter().map(|check| check.value.as_ref()))
}

fn weight(instance: &Instance) -> u16 {
    let weights = instance.service.value.weights;
    let weight = match status(instance) {
        CheckStatus::Warning => weights.warning,
        CheckStatus::Passing | CheckStatus::Critical => weights.passing,
    };
    u16::try_from(weight.max(0)).unwrap_or(u16::MAX)
}

fn address_of<'a>(service: &'a Service, node: &'a Node) -> &'a str {
    if service.address.is_empty() { &node.address } else { &service.address }
}
