//! The decision.

use super::disposition::{Disposition, Wanted};
use super::need::Need;
use super::resource::{Labelled, Plain};
use super::rules::{Rule, Rules};

/// What holds where no rule fits: Consul's `acl.default_policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Everything but access control itself and snapshots, which show all secrets.
    Allow,
    Deny,
    /// Access control is off: everything.
    Off,
}

/// Everything that a token may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorizer {
    rules: Rules,
    fallback: Fallback,
}

impl Authorizer {
    #[must_use]
    pub const fn new(rules: Rules, fallback: Fallback) -> Self {
        Self { rules, fallback }
    }

    /// Whether a request with this need may pass.
    #[must_use]
    pub fn allows(&self, need: &Need) -> bool {
        if self.fallback == Fallback::Off {
            return true;
        }
        match need {
            Need::Plain(resource, wanted) => self.plain(*resource, *wanted),
            Need::Of(resource, name, wanted) => {
                self.judge(self.rules.of(*resource, name).map(|rule| rule.policy), *wanted)
            }
            Need::Below(resource, prefix, wanted) => self.below(*resource, prefix, *wanted, |rule| rule.policy),
            Need::Any(resource, wanted) => {
                self.fallback == Fallback::Allow || self.rules.all(*resource).any(|rule| rule.policy.allows(*wanted))
            }
            Need::Intention(service, wanted) => self.intention(service, *wanted),
            Need::Snapshot => self.plain(Plain::Acl, Wanted::Write),
        }
    }

    fn judge(&self, rule: Option<Disposition>, wanted: Wanted) -> bool {
        rule.map_or(self.fallback == Fallback::Allow, |disposition| disposition.allows(wanted))
    }

    fn plain(&self, resource: Plain, wanted: Wanted) -> bool {
        let own = self.rules.plain.get(&resource).copied();
        match resource {
            Plain::Acl => own.is_some_and(|disposition| disposition.allows(wanted)),
            Plain::Mesh | Plain::Peering => {
                self.judge(own.or_else(|| self.rules.plain.get(&Plain::Operator).copied()), wanted)
            }
            Plain::Keyring | Plain::Operator => self.judge(own, wanted),
        }
    }

    /// The rule of the prefix itself must allow it, and so must every rule further down.
    fn below(&self, resource: Labelled, prefix: &str, wanted: Wanted, says: impl Fn(&Rule) -> Disposition) -> bool {
        let at = self.rules.of_prefix(resource, prefix).map(|rule| says(&rule));
        self.judge(at, wanted) && self.rules.below(resource, prefix).all(|rule| says(rule).allows(wanted))
    }

    fn intention(&self, service: &str, wanted: Wanted) -> bool {
        match (service, wanted) {
            // Anybody who may see some intention may see those of all.
            ("*", Wanted::Read | Wanted::List) => {
                self.fallback == Fallback::Allow
                    || self.rules.all(Labelled::Service).any(|rule| intentions(rule).allows(wanted))
            }
            ("*", Wanted::Write) => self.below(Labelled::Service, "", wanted, intentions),
            (name, wanted) => self.judge(self.rules.of(Labelled::Service, name).as_ref().map(intentions), wanted),
        }
    }
}

/// A service rule without a word on intentions lets them be read where the service may be read.
fn intentions(rule: &Rule) -> Disposition {
    rule.intentions.unwrap_or(match rule.policy {
        Disposition::Deny => Disposition::Deny,
        Disposition::Read | Disposition::List | Disposition::Write => Disposition::Read,
    })
}
