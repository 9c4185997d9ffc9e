//! Intentions as a list without an order.
//!
//! Only the callers that the default policy does not cover are listed. What an intention of higher
//! precedence decides is taken out of the lower ones, and what an earlier permission decides out of the
//! later ones, so that each list entry is right on its own.

use weft_model::ServiceName;
use weft_model::intention::{Action, DefaultPolicy, Intention, Permission, Rule};
use weft_model::mutant::{Mutant, active};
use weft_model::names::WILDCARD;

use super::expr::Expr;
use super::{Authorization, Layer7, Principal, Terms, condition, re2};
use crate::Notice;

/// Compiles the intentions of one destination, which are in order of precedence.
#[must_use]
pub fn compile(intentions: &[Intention], terms: Terms, trust_domain: &str) -> Authorization {
    let terms = match intentions {
        [] if active(Mutant::M15) => Terms { default: DefaultPolicy::Allow, ..terms },
        _ => terms,
    };
    let listed = match terms.default {
        DefaultPolicy::Deny => Action::Allow,
        DefaultPolicy::Allow => Action::Deny,
    };
    let mut compiled = Authorization {
        listed,
        layer4: Vec::new(),
        layer7: Vec::new(),
        trust_domain: trust_domain.to_owned(),
        admitted: Vec::new(),
        refuse_underscores: refuse_underscores(intentions),
        notices: Vec::new(),
    };
    let mut decided: Vec<ServiceName> = Vec::new();
    let mut others = terms.default == DefaultPolicy::Allow;
    for intention in intentions {
        if decided.contains(&intention.source) {
            continue;
        }
        let admits = match &intention.rule {
            Rule::Action(action) => *action == Action::Allow,
            Rule::Permissions(_) => terms.protocol.is_http(),
        };
        if intention.source == WILDCARD {
            others = admits;
            compiled.add(any_but(decided.iter().cloned()), intention, terms);
            break;
        }
        let principal = Principal::Service(intention.source.clone());
        if admits {
            compiled.admitted.push(principal.clone());
        }
        compiled.add(principal, intention, terms);
        decided.push(intention.source.clone());
    }
    if others {
        let admitted = |name: &ServiceName| compiled.admitted.contains(&Principal::Service(name.clone()));
        compiled.admitted = vec![any_but(decided.into_iter().filter(|name| !admitted(name)))];
    }
    compiled
}

fn any_but(names: impl Iterator<Item = ServiceName>) -> Principal {
    let mut names: Vec<_> = names.collect();
    names.sort();
    Principal::AnyBut(names)
}

/// A permission that looks at a header with an underscore needs it to arrive.
fn refuse_underscores(intentions: &[Intention]) -> bool {
    let permissions = intentions.iter().filter_map(|intention| match &intention.rule {
        Rule::Permissions(permissions) => Some(permissions),
        Rule::Action(_) => None,
    });
    let headers = permissions.flatten().filter_map(|permission| permission.http.as_ref()).flat_map(|http| &http.header);
    let mut names = headers.map(|header| &header.name).peekable();
    names.peek().is_some() && !names.any(|name| name.contains('_'))
}

impl Authorization {
    fn add(&mut self, principal: Principal, intention: &Intention, terms: Terms) {
        match &intention.rule {
            Rule::Action(action) => self.add_layer4(principal, *action),
            Rule::Permissions(_) if !terms.protocol.is_http() => {
                self.say(
                    intention,
                    format!("has permissions, but the service speaks {}; it denies", terms.protocol.as_str()),
                );
                self.add_layer4(principal, Action::Deny);
            }
            Rule::Permissions(permissions) => {
                self.look_at(permissions, intention);
                let rules = rules(permissions, self.listed, terms.guard_paths);
                if !rules.is_empty() {
                    self.layer7.push(Layer7 { principal, rules });
                }
            }
        }
    }

    fn add_layer4(&mut self, principal: Principal, action: Action) {
        if action == self.listed {
            self.layer4.push(principal);
        }
    }

    fn look_at(&mut self, permissions: &[Permission], intention: &Intention) {
        for http in permissions.iter().filter_map(|permission| permission.http.as_ref()) {
            let patterns = http.header.iter().map(|header| &header.regex).chain([&http.path_regex]);
            for pattern in patterns.filter(|pattern| !pattern.is_empty() && re2::translate(pattern).is_none()) {
                self.say(
                    intention,
                    format!("the expression {pattern:?} is beyond what proxies evaluate; it counts as denial"),
                );
            }
        }
    }

    fn say(&mut self, intention: &Intention, reason: String) {
        let about = format!("intention {} => {}", intention.source, intention.destination);
        self.notices.push(Notice::new(about, reason));
    }
}

/// What is listed, each without what an earlier permission decided otherwise.
fn rules(permissions: &[Permission], listed: Action, guard_paths: bool) -> Vec<Expr> {
    let mut rules = Vec::new();
    let mut otherwise: Vec<Expr> = Vec::new();
    for permission in permissions {
        let matches = condition::permission(permission, guard_paths);
        if condition::side(permission) == listed {
            let others = otherwise.iter().cloned().map(Expr::not);
            rules.push(Expr::all(std::iter::once(matches).chain(others).collect()));
        } else {
            otherwise.push(matches);
        }
    }
    rules.retain(|rule| *rule != Expr::Always(false));
    rules
}
