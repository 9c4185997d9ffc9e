//! Who may call a destination, and what they may ask.
//!
//! ```text
//! intentions, default policy ─┬─> decide: the judge that everything else is measured by
//!                             ├─> check: what `intentions/check` answers
//!                             └─> compile ─> Authorization ─> proxies; evaluate judges by it in tests
//! ```
//!
//! One intention decides, the first by precedence. Of its permissions the first that matches decides,
//! and the default policy if none does. Where a request can be read in two ways, a permission that
//! denies matches and one that allows does not.

mod compile;
mod condition;
mod decide;
mod evaluate;
mod expr;
mod path;
mod re2;
mod request;

use weft_model::ServiceName;
use weft_model::config_entry::Protocol;
use weft_model::intention::{Action, DefaultPolicy, Intention};
use weft_model::names::WILDCARD;
use weft_state::StateView;

use crate::{Notice, names};

pub use compile::compile;
pub use decide::decide;
pub use evaluate::evaluate;
pub use expr::{Expr, Form, Text};
pub use request::Request;

/// What holds for a destination besides its intentions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Decides where no intention and no permission does.
    pub default: DefaultPolicy,
    /// On TCP there are no requests to look at: permissions deny.
    pub protocol: Protocol,
    /// Treat paths that can be read in two ways as such. Off when the operator turned normalisation off.
    pub guard_paths: bool,
}

/// Intentions in the form in which proxies apply them: without an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// What it means to be listed. `Allow`: all others are denied. `Deny`: all others are allowed.
    pub listed: Action,
    /// Callers that are listed whatever they ask.
    pub layer4: Vec<Principal>,
    /// Callers that are listed when they ask certain things.
    pub layer7: Vec<Layer7>,
    /// The trust domain that callers must belong to.
    pub trust_domain: String,
    /// Callers that something is allowed to; the others may be turned away before they ask.
    pub admitted: Vec<Principal>,
    /// Permissions look at headers, and none at one with an underscore.
    pub refuse_underscores: bool,
    pub notices: Vec<Notice>,
}

/// Callers, described by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// One service, in any datacenter.
    Service(ServiceName),
    /// Every service but these, which have intentions of their own.
    AnyBut(Vec<ServiceName>),
}

/// What a caller is listed for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer7 {
    pub principal: Principal,
    /// Any of them.
    pub rules: Vec<Expr>,
}

/// The intentions that decide about calls to `destination`, compiled for its proxies.
#[must_use]
pub fn authz(view: &StateView<'_>, destination: &ServiceName, terms: Terms, trust_domain: &str) -> Authorization {
    compile(&view.intentions_to(destination), terms, trust_domain)
}

/// Whether `source` may call `destination` without a look at the request: permissions count as denial,
/// as in Consul.
#[must_use]
pub fn check(view: &StateView<'_>, source: &ServiceName, destination: &ServiceName, default: DefaultPolicy) -> bool {
    let terms = Terms { default, protocol: Protocol::Tcp, guard_paths: true };
    decide(&view.intentions_to(destination), terms, source, None) == Action::Allow
}

/// The intention that decides about `source`, out of a destination's, which are in order.
#[must_use]
pub fn deciding<'a>(intentions: &'a [Intention], source: &ServiceName) -> Option<&'a Intention> {
    intentions.iter().find(|intention| intention.source == *source || intention.source == WILDCARD)
}

impl Principal {
    /// The patterns of ids that belong to it, and of those among them that do not.
    #[must_use]
    pub fn patterns(&self, trust_domain: &str) -> (String, Vec<String>) {
        match self {
            Self::Service(name) => (names::spiffe_pattern(name, trust_domain), Vec::new()),
            Self::AnyBut(others) => {
                let others = others.iter().map(|name| names::spiffe_pattern(name, trust_domain));
                (names::any_spiffe_pattern(trust_domain), others.collect())
            }
        }
    }

    /// All of it as one pattern, for places that know no exceptions.
    #[must_use]
    pub fn single_pattern(&self, trust_domain: &str) -> String {
        match self {
            Self::Service(name) => names::spiffe_pattern(name, trust_domain),
            Self::AnyBut(others) => names::spiffe_pattern_but(others, trust_domain),
        }
    }
}

impl Authorization {
    /// Patterns of the ids that may connect. Where requests are judged, every service of the mesh may, so
    /// that it hears why it is refused; elsewhere the connection itself is what is asked for.
    #[must_use]
    pub fn callers(&self, protocol: Protocol) -> Vec<String> {
        if protocol.is_http() {
            return vec![names::any_spiffe_pattern(&self.trust_domain)];
        }
        if self.admitted.is_empty() {
            // An empty list of patterns would mean no condition at all.
            return vec![names::nobody_pattern()];
        }
        self.admitted.iter().map(|principal| principal.single_pattern(&self.trust_domain)).collect()
    }
}

/// What the default policy says.
fn by_default(policy: DefaultPolicy) -> Action {
    match policy {
        DefaultPolicy::Allow => Action::Allow,
        DefaultPolicy::Deny => Action::Deny,
    }
}
