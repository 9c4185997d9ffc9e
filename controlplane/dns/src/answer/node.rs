//! Nodes and addresses, by name and back.

use std::net::IpAddr;

use hickory_proto::rr::{Name, RecordType};
use weft_model::catalog::Node;

use super::{Question, Reply};
use crate::record::{self, wants};

impl Question<'_> {
    pub(super) fn node(&self, name: &str) -> Reply {
        match self.view.node(&name.into()) {
            Some(node) if self.seen.node(node.value.name.as_str()) => self.known_node(&node.value),
            Some(_) | None => Reply::missing(),
        }
    }

    fn known_node(&self, node: &Node) -> Reply {
        let ttl = self.settings.node_ttl;
        let mut reply = match node.address.parse::<IpAddr>() {
            Ok(address) => Reply {
                answers: record::address(self.name, ttl, address, self.kind).into_iter().collect(),
                ..Reply::default()
            },
            Err(_) => match record::fully_qualified(&node.address) {
                Some(host) => self.alias(host, ttl),
                None => Reply::default(),
            },
        };
        // Only a name without an alias may have other records (RFC 1034, 3.6.2).
        let is_alias = reply.answers.first().is_some_and(|record| record.record_type() == RecordType::CNAME);
        if !is_alias && wants(self.kind, RecordType::TXT) {
            reply.answers.extend(self.meta(self.name, node, ttl));
        } else if !is_alias && matches!(self.kind, RecordType::A | RecordType::AAAA) {
            reply.additionals.extend(self.meta(self.name, node, ttl));
        }
        reply
    }

    pub(super) fn address(&self, address: IpAddr) -> Reply {
        let ttl = self.settings.node_ttl;
        let fitting = record::address(self.name, ttl, address, self.kind);
        // Whoever asks for the other kind of address is told which one there is.
        let other = if fitting.is_none() { record::address(self.name, ttl, address, RecordType::ANY) } else { None };
        Reply { answers: fitting.into_iter().collect(), additionals: other.into_iter().collect(), ..Reply::default() }
    }

    /// The first node of this address, otherwise the services that use it as their own.
    pub(super) fn reverse(&self, address: IpAddr) -> Reply {
        let node = self.view.nodes_at(address).find(|node| self.seen.node(node.value.name.as_str()));
        let mut names: Vec<Name> = node.and_then(|node| self.node_name(&node.value)).into_iter().collect();
        if names.is_empty() {
            let mut instances: Vec<_> = self.view.instances_at(address).collect();
            instances.retain(|found| self.seen.instance(found));
            instances.dedup_by(|one, other| one.service.value.name == other.service.value.name);
            let services = instances.iter().map(|found| found.service.value.name.as_str());
            names.extend(services.filter_map(|service| self.named(service, "service")));
        }
        let missing = names.is_empty();
        let wanted = names.into_iter().filter(|_| wants(self.kind, RecordType::PTR));
        Reply { missing, answers: wanted.map(|name| record::ptr(self.name, name)).collect(), ..Reply::default() }
    }

    pub(super) fn node_name(&self, node: &Node) -> Option<Name> {
        self.named(node.name.as_str(), "node")
    }

    pub(super) fn address_name(&self, address: IpAddr) -> Option<Name> {
        let hex = match address {
            IpAddr::V4(address) => format!("{:08x}", u32::from(address)),
            IpAddr::V6(address) => format!("{:032x}", u128::from(address)),
        };
        self.named(&hex, "addr")
    }

    /// `LABELS.KIND.DATACENTER.DOMAIN`; nothing for a name that DNS cannot carry.
    fn named(&self, labels: &str, kind: &str) -> Option<Name> {
        let own = format!("{labels}.{kind}.{}", self.settings.datacenter);
        Name::from_str_relaxed(own).ok()?.append_domain(&self.settings.domain).ok()
    }
}
