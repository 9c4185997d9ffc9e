//! Which chains a change of an entry may break.

use std::collections::BTreeSet;

use crate::config_entry::{ConfigEntry, Kind};

/// The services whose chains a change of this entry concerns: its own, and those that lead to it. `all` are the
/// routers, splitters and resolvers that there are.
pub fn affected<'a>(kind: Kind, name: &str, all: impl Iterator<Item = &'a ConfigEntry>) -> BTreeSet<String> {
    match kind {
        // Everybody's protocol may come from there.
        Kind::ProxyDefaults => return all.map(|entry| entry.name().to_owned()).collect(),
        Kind::ServiceDefaults | Kind::ServiceRouter | Kind::ServiceSplitter | Kind::ServiceResolver => {}
        Kind::ServiceIntentions
        | Kind::Mesh
        | Kind::IngressGateway
        | Kind::TerminatingGateway
        | Kind::ApiGateway
        | Kind::HttpRoute
        | Kind::TcpRoute
        | Kind::InlineCertificate
        | Kind::FileSystemCertificate
        | Kind::ExportedServices
        | Kind::JwtProvider => return BTreeSet::new(),
    }
    let links: Vec<(&str, &str)> =
        all.flat_map(|entry| leads_to(entry).into_iter().map(move |to| (entry.name(), to))).collect();
    let mut found = BTreeSet::from([name.to_owned()]);
    let mut ahead = vec![name.to_owned()];
    while let Some(to) = ahead.pop() {
        for (from, _) in links.iter().filter(|(_, named)| *named == to) {
            if found.insert((*from).to_owned()) {
                ahead.push((*from).to_owned());
            }
        }
    }
    found
}

/// The other services that an entry names.
fn leads_to(entry: &ConfigEntry) -> Vec<&str> {
    let named: Vec<&str> = match entry {
        ConfigEntry::ServiceRouter(router) => {
            router.routes.iter().filter_map(|route| Some(route.destination.as_ref()?.service.as_str())).collect()
        }
        ConfigEntry::ServiceSplitter(splitter) => splitter.splits.iter().map(|split| split.service.as_str()).collect(),
        ConfigEntry::ServiceResolver(resolver) => {
            let redirect = resolver.redirect.iter().map(|redirect| redirect.service.as_str());
            let failover = resolver.failover.values().flat_map(|failover| {
                let targets = failover.targets.iter().map(|target| target.service.as_str());
                targets.chain([failover.service.as_str()])
            });
            redirect.chain(failover).collect()
        }
        ConfigEntry::ServiceDefaults(_)
        | ConfigEntry::ProxyDefaults(_)
        | ConfigEntry::ServiceIntentions(_)
        | ConfigEntry::Mesh(_)
        | ConfigEntry::IngressGateway(_)
        | ConfigEntry::TerminatingGateway(_)
        | ConfigEntry::ApiGateway(_)
        | ConfigEntry::HttpRoute(_)
        | ConfigEntry::TcpRoute(_)
        | ConfigEntry::InlineCertificate(_)
        | ConfigEntry::FileSystemCertificate(_)
        | ConfigEntry::ExportedServices(_)
        | ConfigEntry::JwtProvider(_) => Vec::new(),
    };
    named.into_iter().filter(|to| !to.is_empty() && *to != entry.name()).collect()
}
