//! What the state says to a question.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{Name, Record, RecordType};
use rand::seq::SliceRandom;
use weft_model::ServiceName;
use weft_model::catalog::{Node, Service};
use weft_model::health::{CheckStatus, aggregate};
use weft_state::{Instance, StateView};

use crate::question::Asked;
use crate::record::{self, wants};
use crate::settings::Settings;

/// The service under which servers are registered.
const SERVERS: &str = "consul";

/// The sections of an answer.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Whether there is nothing of this name.
    pub(crate) missing: bool,
    pub(crate) answers: Vec<Record>,
    pub(crate) additionals: Vec<Record>,
    /// Name servers, for the domain itself.
    pub(crate) authorities: Vec<Record>,
}

impl Reply {
    pub(crate) const fn code(&self) -> ResponseCode {
        if self.missing { ResponseCode::NXDomain } else { ResponseCode::NoError }
    }
}

/// One question and all that its answer depends on besides the state.
pub(crate) struct Question<'a> {
    /// As it was asked, its case included.
    pub(crate) name: &'a Name,
    pub(crate) kind: RecordType,
    pub(crate) settings: &'a Settings,
    /// The serial of the start of authority.
    pub(crate) serial: u32,
}

impl Question<'_> {
    /// The answer for anything but [`Asked::Outside`].
    pub(crate) fn answer(&self, asked: &Asked, view: &StateView<'_>) -> Reply {
        match asked {
            Asked::Apex => self.apex(view),
            Asked::Service { name, tag } => {
                let mut instances = either_case(name, |name| view.instances(&name.into()));
                if let Some(tag) = tag {
                    instances.retain(|found| found.service.value.tags.iter().any(|own| own.eq_ignore_ascii_case(tag)));
                }
                self.instances(instances, name)
            }
            Asked::Connect(name) => {
                self.instances(either_case(name, |name| view.connect_instances(&name.into())), name)
            }
            Asked::Node(name) => match either_case(name, |name| view.node(&name.into()).into_iter().collect()).pop() {
                Some(node) => self.node(&node.value),
                None => Reply { missing: true, ..Reply::default() },
            },
            Asked::Address(address) => self.address(*address),
            Asked::Reverse(address) => self.reverse(*address, view),
            Asked::Nothing | Asked::Outside => Reply { missing: true, ..Reply::default() },
        }
    }

    fn apex(&self, view: &StateView<'_>) -> Reply {
        let mut reply = Reply::default();
        if wants(self.kind, RecordType::SOA) {
            reply.answers.push(record::soa(self.settings, self.serial));
        }
        if wants(self.kind, RecordType::NS) || wants(self.kind, RecordType::SOA) {
            let mut servers = view.instances(&SERVERS.into());
            servers.retain(|server| self.is_healthy(server));
            let place = if wants(self.kind, RecordType::NS) { &mut reply.answers } else { &mut reply.authorities };
            for server in &servers {
                let node = &server.node.value;
                let Some(name) = self.node_name(node) else { continue };
                place.push(record::ns(&self.settings.domain, name.clone()));
                let glue = node
                    .address
                    .parse()
                    .ok()
                    .and_then(|address| record::address(&name, self.settings.node_ttl, address, RecordType::ANY));
                reply.additionals.extend(glue);
            }
        }
        reply
    }

    fn instances(&self, mut instances: Vec<Instance>, service: &str) -> Reply {
        instances.retain(|instance| self.is_healthy(instance));
        if instances.is_empty() {
            return Reply { missing: true, ..Reply::default() };
        }
        instances.shuffle(&mut rand::rng());
        let ttl = self.settings.service_ttl.of(&service.to_ascii_lowercase());
        if self.kind == RecordType::SRV { self.srv(&instances, ttl) } else { self.addresses(&instances, ttl) }
    }

    fn addresses(&self, instances: &[Instance], ttl: u32) -> Reply {
        let mut reply = Reply::default();
        let mut seen = BTreeSet::new();
        let mut hosts = Vec::new();
        for instance in instances {
            let place = address_of(&instance.service.value, &instance.node.value);
            match place.parse::<IpAddr>() {
                Ok(address) if seen.insert(address) => {
                    reply.answers.extend(record::address(self.name, ttl, address, self.kind));
                }
                Ok(_) => {}
                Err(_) => hosts.push(place),
            }
        }
        if reply.answers.is_empty() && seen.is_empty() {
            // A name has one alias at most (RFC 1034, 3.6.2).
            let alias = hosts.into_iter().find_map(fully_qualified);
            reply.answers.extend(alias.map(|host| record::cname(self.name, ttl, host)));
        }
        if self.settings.a_record_limit > 0 {
            reply.answers.truncate(self.settings.a_record_limit);
        }
        reply
    }

    fn srv(&self, instances: &[Instance], ttl: u32) -> Reply {
        let mut reply = Reply::default();
        let mut seen = BTreeSet::new();
        for instance in instances {
            let (service, node) = (&instance.service.value, &instance.node.value);
            let place = address_of(service, node);
            if !seen.insert((node.name.clone(), place.to_owned(), service.port)) {
                continue;
            }
            let weight = match status(instance) {
                CheckStatus::Warning => service.weights.warning,
                CheckStatus::Passing | CheckStatus::Critical => service.weights.passing,
            };
            let weight = u16::try_from(weight.max(0)).unwrap_or(u16::MAX);
            let address = place.parse::<IpAddr>().ok();
            let target = match address {
                Some(address) if !service.address.is_empty() => self.address_name(address),
                Some(_) => self.node_name(node),
                None => fully_qualified(place),
            };
            let Some(target) = target else { continue };
            reply.answers.push(record::srv(self.name, ttl, weight, service.port, target.clone()));
            let glue = address.and_then(|address| record::address(&target, ttl, address, RecordType::ANY));
            reply.additionals.extend(glue);
            if service.address.is_empty() {
                reply.additionals.extend(self.meta(&target, node));
            }
        }
        reply
    }

    fn node(&self, node: &Node) -> Reply {
        let ttl = self.settings.node_ttl;
        let mut reply = Reply::default();
        match node.address.parse::<IpAddr>() {
            Ok(address) => reply.answers.extend(record::address(self.name, ttl, address, self.kind)),
            Err(_) => {
                let alias = fully_qualified(&node.address);
                reply.answers.extend(alias.map(|host| record::cname(self.name, ttl, host)));
            }
        }
        let meta = self.meta(self.name, node);
        let place = if wants(self.kind, RecordType::TXT) { &mut reply.answers } else { &mut reply.additionals };
        place.extend(meta);
        reply
    }

    fn address(&self, address: IpAddr) -> Reply {
        let fitting = record::address(self.name, self.settings.node_ttl, address, self.kind);
        // Whoever asks for the other kind of address is told which one there is.
        let other =
            fitting.is_none().then(|| record::address(self.name, self.settings.node_ttl, address, RecordType::ANY));
        Reply {
            answers: fitting.into_iter().collect(),
            additionals: other.flatten().into_iter().collect(),
            ..Reply::default()
        }
    }

    /// The first node of this address, otherwise the services that use it as their own.
    fn reverse(&self, address: IpAddr, view: &StateView<'_>) -> Reply {
        let is = |text: &str| text.parse() == Ok(address);
        let node = view.nodes().into_iter().find(|node| is(&node.value.address));
        let mut names: Vec<Name> = node.and_then(|node| self.node_name(&node.value)).into_iter().collect();
        if names.is_empty() {
            let services = view.services(|_| true).into_keys();
            let uses = |name: &ServiceName| view.instances(name).iter().any(|found| is(&found.service.value.address));
            names.extend(services.filter(uses).filter_map(|service| self.named(service.as_str(), "service")));
        }
        let answers: Vec<_> = names.into_iter().map(|name| record::ptr(self.name, name)).collect();
        Reply { missing: answers.is_empty(), answers, ..Reply::default() }
    }

    fn is_healthy(&self, instance: &Instance) -> bool {
        match status(instance) {
            CheckStatus::Passing => true,
            CheckStatus::Warning => !self.settings.only_passing,
            CheckStatus::Critical => false,
        }
    }

    fn meta(&self, name: &Name, node: &Node) -> Vec<Record> {
        if !self.settings.node_meta_txt {
            return Vec::new();
        }
        node.meta.iter().map(|(key, value)| record::txt(name, self.settings.node_ttl, key, value)).collect()
    }

    fn node_name(&self, node: &Node) -> Option<Name> {
        self.named(node.name.as_str(), "node")
    }

    fn address_name(&self, address: IpAddr) -> Option<Name> {
        let hex = match address {
            IpAddr::V4(address) => format!("{:08x}", u32::from(address)),
            IpAddr::V6(address) => format!("{:032x}", u128::from(address)),
        };
        self.named(&hex, "addr")
    }

    /// `LABELS.KIND.DATACENTER.DOMAIN`; nothing for a name that DNS cannot carry.
    fn named(&self, labels: &str, kind: &str) -> Option<Name> {
        let own = format!("{labels}.{kind}.{}.", self.settings.datacenter);
        let own = Name::from_str_relaxed(own.trim_end_matches('.')).ok()?;
        own.append_domain(&self.settings.domain).ok()
    }
}

/// As it was asked, otherwise in lower case: DNS does not care for case, names in the catalog do.
fn either_case<T>(name: &str, find: impl Fn(&str) -> Vec<T>) -> Vec<T> {
    let found = find(name);
    let lower = name.to_ascii_lowercase();
    if found.is_empty() && lower != name { find(&lower) } else { found }
}

fn status(instance: &Instance) -> CheckStatus {
    aggregate(instance.checks.iter().map(|check| check.value.as_ref()))
}

fn address_of<'a>(service: &'a Service, node: &'a Node) -> &'a str {
    if service.address.is_empty() { &node.address } else { &service.address }
}

fn fully_qualified(host: &str) -> Option<Name> {
    let mut name = Name::from_str_relaxed(host).ok()?;
    name.set_fqdn(true);
    Some(name)
}
