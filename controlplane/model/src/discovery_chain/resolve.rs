//! From a place to its target: redirects, subsets, who steps in, and names outside of the mesh.

use super::compiler::Compiler;
use super::target::{Change, Place};
use super::{CONNECT_TIMEOUT, CompiledResolver, Failover, Node, NodeKind, STEPS_MAX, Target};
use crate::catalog::MeshGateway;
use crate::config_entry::{
    PROXY_DEFAULTS_NAME, ProxyDefaults, ResolverFailover, ResolverTarget, ServiceDefaults, ServiceResolver,
};
use crate::time::GoDuration;

impl Compiler<'_> {
    /// The node of a place, redirects followed.
    pub(super) fn resolver(&mut self, place: Place) -> Result<String, String> {
        let (place, resolver) = self.resolve(place)?;
        let key = format!("resolver:{}", place.id());
        if self.nodes.contains_key(&key) {
            return Ok(key);
        }
        let mut node = Node::new(NodeKind::Resolver, place.id());
        let target = self.target(&place, resolver.as_ref())?;
        let (connect_timeout, id) = (target.connect_timeout, target.id.clone());
        self.targets.insert(id.clone(), target);
        let Some(resolver) = resolver else {
            let plain = CompiledResolver {
                connect_timeout,
                default: true,
                request_timeout: GoDuration::default(),
                target: id,
                failover: None,
            };
            return Ok(self.keep(Node { resolver: Some(plain), ..node }));
        };
        let policy = resolver.failover.get(&place.subset).or_else(|| resolver.failover.get("*"));
        let failover = policy.map(|policy| self.failover(&place, policy)).transpose()?;
        node.load_balancer = resolver.load_balancer;
        node.resolver = Some(CompiledResolver {
            connect_timeout,
            default: false,
            request_timeout: resolver.request_timeout,
            target: id,
            failover: failover.filter(|targets| !targets.is_empty()).map(|targets| Failover { targets }),
        });
        Ok(self.keep(node))
    }

    /// Where redirects and default subsets lead from a place, and the entry that holds there.
    fn resolve(&mut self, from: Place) -> Result<(Place, Option<ServiceResolver>), String> {
        let mut place = from;
        let mut history: Vec<String> = Vec::new();
        loop {
            if !place.peer.is_empty() {
                return Ok((place, None));
            }
            self.meet(&place.service)?;
            let id = place.id();
            let is_circle = history.contains(&id);
            history.push(id);
            if is_circle {
                return Err(format!("detected circular resolver redirect: [{}]", history.join(" -> ")));
            }
            if history.len() > STEPS_MAX {
                return Err(format!(
                    "discovery chain {:?} has more than {STEPS_MAX} redirects in a row",
                    self.request.service
                ));
            }
            let Some(resolver) = self.document::<ServiceResolver>(&place.service) else {
                return if place.subset.is_empty() { Ok((place, None)) } else { Err(no_subset(&place)) };
            };
            let redirect = resolver.redirect.as_ref().map(|to| Change {
                service: &to.service,
                subset: &to.service_subset,
                datacenter: &to.datacenter,
                peer: &to.peer,
            });
            let redirected = redirect.map(|redirect| place.changed(redirect)).filter(|to| *to != place);
            if let Some(to) = redirected {
                self.refuse_external(&place, &resolver)?;
                place = to;
            } else if place.subset.is_empty() && !resolver.default_subset.is_empty() {
                place.subset.clone_from(&resolver.default_subset);
            } else if !place.subset.is_empty() && !resolver.subsets.contains_key(&place.subset) {
                return Err(no_subset(&place));
            } else {
                return Ok((place, Some(resolver)));
            }
        }
    }

    fn target(&mut self, place: &Place, resolver: Option<&ServiceResolver>) -> Result<Target, String> {
        let written = resolver.map(|resolver| resolver.connect_timeout).filter(|timeout| !timeout.is_zero());
        let mut connect_timeout = written.unwrap_or(CONNECT_TIMEOUT);
        let wanted = self.request.overrides.connect_timeout.map(GoDuration);
        if let Some(wanted) = wanted.filter(|wanted| *wanted != connect_timeout) {
            connect_timeout = wanted;
            self.customize(format!("connect_timeout={}", wanted.0.as_nanos()));
        }
        let name = place.sni(&self.request.trust_domain);
        let external_sni = self.external_sni(&place.service);
        if let Some(resolver) = resolver {
            self.refuse_external(place, resolver)?;
        }
        Ok(Target {
            id: place.id(),
            service: place.service.clone(),
            service_subset: place.subset.clone(),
            namespace: "default",
            partition: "default",
            datacenter: if place.peer.is_empty() { place.datacenter.clone() } else { "".into() },
            peer: place.peer.clone(),
            mesh_gateway: self.mesh_gateway(place),
            subset: resolver.and_then(|resolver| resolver.subsets.get(&place.subset).cloned()).unwrap_or_default(),
            connect_timeout,
            external: external_sni.is_some(),
            sni: external_sni.unwrap_or_else(|| name.clone()),
            name,
        })
    }

    /// Gateways are for other datacenters.
    fn mesh_gateway(&mut self, place: &Place) -> MeshGateway {
        if place.datacenter == self.request.datacenter && place.peer.is_empty() {
            return MeshGateway::default();
        }
        let own = self.document::<ServiceDefaults>(&place.service).map(|defaults| defaults.mesh_gateway);
        let general = || self.document::<ProxyDefaults>(PROXY_DEFAULTS_NAME).map(|defaults| defaults.mesh_gateway);
        let is_set = |gateway: &MeshGateway| !gateway.mode.is_empty();
        let mut gateway = own.filter(is_set).or_else(|| general().filter(is_set)).unwrap_or_default();
        let wanted = &self.request.overrides.mesh_gateway_mode;
        if !wanted.is_empty() && *wanted != gateway.mode {
            gateway.mode.clone_from(wanted);
            self.customize(format!("mesh_gateway={wanted}"));
        }
        gateway
    }

    fn external_sni(&self, service: &str) -> Option<String> {
        let defaults = self.document::<ServiceDefaults>(service)?;
        Some(defaults.external_sni).filter(|sni| !sni.is_empty())
    }

    /// A service outside of the mesh has one name, and no parts.
    fn refuse_external(&self, place: &Place, resolver: &ServiceResolver) -> Result<(), String> {
        let what = match resolver {
            ServiceResolver { redirect: Some(_), .. } => "redirects",
            ServiceResolver { subsets, .. } if !subsets.is_empty() => "subsets",
            ServiceResolver { failover, .. } if !failover.is_empty() => "failover",
            ServiceResolver { .. } => return Ok(()),
        };
        match self.external_sni(&place.service) {
            None => Ok(()),
            Some(_) => Err(format!(
                "service {:?} has an external SNI set; cannot define {what} for external services",
                place.service
            )),
        }
    }

    /// The ids of those that step in. They have nobody to step in for them.
    fn failover(&mut self, place: &Place, policy: &ResolverFailover) -> Result<Vec<String>, String> {
        let own = Change { service: &policy.service, subset: &policy.service_subset, ..Change::default() };
        let changes: Vec<Change<'_>> = if !policy.targets.is_empty() {
            let change = |target| named(target);
            policy.targets.iter().map(change).collect()
        } else if policy.datacenters.is_empty() {
            vec![own]
        } else {
            policy.datacenters.iter().map(|datacenter| Change { datacenter, ..own }).collect()
        };
        let mut ids = Vec::new();
        for change in changes {
            let other = place.changed(change);
            if other == *place {
                continue;
            }
            let (other, resolver) = self.resolve(other)?;
            let target = self.target(&other, resolver.as_ref())?;
            ids.push(target.id.clone());
            self.targets.insert(target.id.clone(), target);
        }
        Ok(ids)
    }
}

fn named(target: &ResolverTarget) -> Change<'_> {
    Change {
        service: &target.service,
        subset: &target.service_subset,
        datacenter: &target.datacenter,
        peer: &target.peer,
    }
}

fn no_subset(place: &Place) -> String {
    format!("service {:?} does not have a subset named {:?}", place.service, place.subset)
}
