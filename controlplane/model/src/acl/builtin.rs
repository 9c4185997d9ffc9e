//! Rules that nobody writes: those of the built-in policies, of identities and of templates.

use super::disposition::Disposition::{self, Read, Write};
use super::resource::{Labelled, Plain};
use super::rules::{Rule, Rules};

/// Consul's templated policies. Each stands for rules about one name, or about none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    ApiGateway,
    Dns,
    Node,
    NomadClient,
    NomadServer,
    Service,
}

impl Template {
    pub const ALL: [Self; 6] =
        [Self::ApiGateway, Self::Dns, Self::Node, Self::NomadClient, Self::NomadServer, Self::Service];

    /// Its name, `builtin/…`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ApiGateway => "builtin/api-gateway",
            Self::Dns => "builtin/dns",
            Self::Node => "builtin/node",
            Self::NomadClient => "builtin/nomad-client",
            Self::NomadServer => "builtin/nomad-server",
            Self::Service => "builtin/service",
        }
    }

    /// By its name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|template| template.as_str() == text)
    }

    /// Whether it is about a name, which then has to be given.
    #[must_use]
    pub const fn needs_name(self) -> bool {
        matches!(self, Self::ApiGateway | Self::Node | Self::Service)
    }

    /// What it is for.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::ApiGateway => "Gives an API gateway what it needs to route to services",
            Self::Dns => "Gives DNS what it needs to answer for services, nodes and queries",
            Self::Node => "Gives an agent what it needs to register its node and to find services",
            Self::NomadClient => "Gives a Nomad client what it needs to register its workloads",
            Self::NomadServer => "Gives a Nomad server what it needs to register itself and to make tokens",
            Self::Service => "Gives a service and its sidecar what they need to register and to find others",
        }
    }

    /// The rules for `name`; the others do not look at it.
    #[must_use]
    pub fn rules(self, name: &str) -> Rules {
        match self {
            Self::Service => service_identity(name),
            Self::Node => node_identity(name),
            Self::Dns => prefixes(&[(Labelled::Node, Read), (Labelled::Service, Read), (Labelled::Query, Read)]),
            Self::NomadServer => {
                let mut rules =
                    prefixes(&[(Labelled::Agent, Read), (Labelled::Node, Read), (Labelled::Service, Write)]);
                rules.set_plain(Plain::Acl, Write);
                rules
            }
            Self::NomadClient => {
                prefixes(&[(Labelled::Agent, Read), (Labelled::Node, Read), (Labelled::Service, Write)])
            }
            Self::ApiGateway => {
                let mut rules = prefixes(&[(Labelled::Node, Read), (Labelled::Service, Read)]);
                rules.set_plain(Plain::Mesh, Read);
                rules.set(Labelled::Service, name, false, rule(Write));
                rules
            }
        }
    }
}

/// A service identity: the service and its sidecar to write, all others to find.
#[must_use]
pub fn service_identity(service: &str) -> Rules {
    let mut rules = prefixes(&[(Labelled::Service, Read), (Labelled::Node, Read)]);
    rules.set(Labelled::Service, service, false, rule(Write));
    rules.set(Labelled::Service, &format!("{service}-sidecar-proxy"), false, rule(Write));
    rules
}

/// A node identity: the node to write, all services to find.
#[must_use]
pub fn node_identity(node: &str) -> Rules {
    let mut rules = prefixes(&[(Labelled::Service, Read)]);
    rules.set(Labelled::Node, node, false, rule(Write));
    rules
}

/// The policy `global-management`.
#[must_use]
pub fn management() -> Rules {
    everything(Write)
}

/// The policy `builtin/global-read-only`.
#[must_use]
pub fn read_only() -> Rules {
    everything(Read)
}

fn everything(policy: Disposition) -> Rules {
    let mut rules = prefixes(&Labelled::ALL.map(|resource| (resource, policy)));
    for resource in Plain::ALL {
        rules.set_plain(resource, policy);
    }
    rules.set(Labelled::Service, "", true, Rule { policy, intentions: Some(policy) });
    rules
}

fn prefixes(rules: &[(Labelled, Disposition)]) -> Rules {
    let mut made = Rules::default();
    for (resource, policy) in rules {
        made.set(*resource, "", true, rule(*policy));
    }
    made
}

const fn rule(policy: Disposition) -> Rule {
    Rule { policy, intentions: None }
}
