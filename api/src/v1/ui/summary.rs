//! From instances to services in short.

use std::collections::{BTreeMap, BTreeSet};

use weft_model::catalog::ServiceKind;
use weft_model::health::CheckStatus;
use weft_model::{CheckId, NodeName};
use weft_state::Instance;

use crate::wire::ui::Summary;

/// Under this key of an instance's meta stands what registered it.
pub(super) const EXTERNAL_SOURCE: &str = "external-source";

/// The instances of one service in short. A check of a node counts once, however many instances the node has.
pub(super) fn summary(name: &str, datacenter: &str, instances: &[Instance]) -> Summary {
    let mut short = Summary { name: name.to_owned(), datacenter: datacenter.to_owned(), ..Summary::default() };
    let (mut tags, mut nodes, mut sources) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut proxied = BTreeSet::new();
    let mut checks = BTreeMap::<(&NodeName, &CheckId), CheckStatus>::new();
    for instance in instances {
        let service = &*instance.service.value;
        short.kind = service.kind.as_str();
        short.instance_count += 1;
        short.connect_native |= service.native;
        tags.extend(service.tags.iter().cloned());
        nodes.insert(instance.node.value.name.to_string());
        sources.extend(service.meta.get(EXTERNAL_SOURCE).filter(|source| !source.is_empty()).cloned());
        if let Some(proxy) = service.proxy.as_deref().filter(|_| service.kind == ServiceKind::ConnectProxy) {
            short.transparent_proxy |= proxy.is_transparent();
            proxied.insert(proxy.destination_service_name.to_string());
        }
        checks.extend(instance.checks.iter().map(|check| ((&check.value.node, &check.value.id), check.value.status)));
    }
    let of = |wanted: CheckStatus| checks.values().filter(|status| **status == wanted).count();
    short.checks_passing = of(CheckStatus::Passing);
    short.checks_warning = of(CheckStatus::Warning);
    short.checks_critical = of(CheckStatus::Critical);
    short.tags = filled(tags);
    short.nodes = filled(nodes);
    short.external_sources = filled(sources);
    short.proxy_for = filled(proxied);
    short
}

/// The same with the checks of its proxies; it is called transparent when all of them are.
pub(super) fn summary_with(name: &str, datacenter: &str, instances: &[Instance], proxies: &[Instance]) -> Summary {
    let both: Vec<_> = instances.iter().chain(proxies).cloned().collect();
    let checks = summary(name, datacenter, &both);
    let is_transparent =
        |proxy: &Instance| proxy.service.value.proxy.as_ref().is_some_and(|proxy| proxy.is_transparent());
    Summary {
        checks_passing: checks.checks_passing,
        checks_warning: checks.checks_warning,
        checks_critical: checks.checks_critical,
        transparent_proxy: !proxies.is_empty() && proxies.iter().all(is_transparent),
        ..summary(name, datacenter, instances)
    }
}

/// Where there is nothing Consul shows null.
fn filled(texts: BTreeSet<String>) -> Option<Vec<String>> {
    (!texts.is_empty()).then(|| texts.into_iter().collect())
}
