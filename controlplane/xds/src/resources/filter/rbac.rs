//! Authorization by RBAC filters.
//!
//! The rules of an HTTP service travel in its route table, so that a change of intentions holds for
//! the next request of every open connection; the filter itself, which would decide where no route
//! does, lets nobody through.

use std::collections::HashMap;

use weft_mesh::authz::{Authorization, Expr, Form, Principal as Caller, Text};
use weft_model::intention;
use weft_proto::envoy::filter::{http, network};
use weft_proto::envoy::matcher::string_matcher::MatchPattern;
use weft_proto::envoy::matcher::{PathMatcher, StringMatcher, path_matcher};
use weft_proto::envoy::rbac::rbac::Action;
use weft_proto::envoy::rbac::{Permission, Policy, Principal, Rbac, permission, principal};
use weft_proto::envoy::route::HeaderMatcher;
use weft_proto::envoy::route::header_matcher::HeaderMatchSpecifier;
use weft_proto::{Any, any};

use crate::resources::common::{matching, regex};

pub(in crate::resources) const HTTP: &str = "envoy.filters.http.rbac";
pub(super) const NETWORK: &str = "envoy.filters.network.rbac";

const LAYER4: &str = "consul-intentions-layer4";
const LAYER7: &str = "consul-intentions-layer7";

/// The HTTP filter: denies whatever has no rules from a route.
pub(super) fn http() -> Any {
    let nobody = Rbac { action: Action::Allow.into(), ..Rbac::default() };
    any(&http::rbac::Rbac { rules: Some(nobody), ..http::rbac::Rbac::default() })
}

/// The rules as a virtual host carries them.
pub(in crate::resources) fn http_rules(authorization: &Authorization) -> Any {
    let rbac = http::rbac::Rbac { rules: Some(rules(authorization)), ..http::rbac::Rbac::default() };
    any(&http::rbac::RbacPerRoute { rbac: Some(rbac) })
}

/// The network filter, for services whose requests we do not see.
pub(super) fn network(authorization: &Authorization) -> Any {
    any(&network::rbac::Rbac {
        stat_prefix: "connect_authz".to_owned(),
        rules: Some(rules(authorization)),
        ..network::rbac::Rbac::default()
    })
}

fn rules(authorization: &Authorization) -> Rbac {
    let action = match authorization.listed {
        intention::Action::Allow => Action::Allow,
        intention::Action::Deny => Action::Deny,
    };
    let caller = |caller: &Caller| principal(caller, &authorization.trust_domain);
    let mut policies = HashMap::new();
    if !authorization.layer4.is_empty() {
        let principals = authorization.layer4.iter().map(caller).collect();
        let permissions = vec![rule(permission::Rule::Any(true))];
        policies.insert(LAYER4.to_owned(), Policy { principals, permissions, ..Policy::default() });
    }
    for (position, policy) in authorization.layer7.iter().enumerate() {
        let principals = vec![caller(&policy.principal)];
        let permissions = policy.rules.iter().map(permission).collect();
        policies.insert(format!("{LAYER7}-{position}"), Policy { principals, permissions, ..Policy::default() });
    }
    Rbac { action: action.into(), policies, ..Rbac::default() }
}

fn principal(caller: &Caller, trust_domain: &str) -> Principal {
    let (pattern, but) = caller.patterns(trust_domain);
    if but.is_empty() {
        return authenticated(&pattern);
    }
    let others = but.iter().map(|pattern| identified(principal::Identifier::NotId(Box::new(authenticated(pattern)))));
    let ids = std::iter::once(authenticated(&pattern)).chain(others).collect();
    identified(principal::Identifier::AndIds(principal::Set { ids }))
}

fn authenticated(pattern: &str) -> Principal {
    identified(principal::Identifier::Authenticated(principal::Authenticated {
        principal_name: Some(matching(pattern)),
    }))
}

fn identified(identifier: principal::Identifier) -> Principal {
    Principal { identifier: Some(identifier) }
}

fn permission(expr: &Expr) -> Permission {
    use permission::Rule;
    let set = |parts: &[Expr]| permission::Set { rules: parts.iter().map(permission).collect() };
    rule(match expr {
        Expr::Always(true) => Rule::Any(true),
        Expr::Always(false) => Rule::NotRule(Box::new(rule(Rule::Any(true)))),
        Expr::All(parts) => Rule::AndRules(set(parts)),
        Expr::Any(parts) => Rule::OrRules(set(parts)),
        Expr::Not(part) => Rule::NotRule(Box::new(permission(part))),
        Expr::Path(path) => Rule::UrlPath(PathMatcher { rule: Some(path_matcher::Rule::Path(text(path))) }),
        Expr::Header { name, text } => Rule::Header(header(name, HeaderMatchSpecifier::StringMatch(self::text(text)))),
        Expr::HeaderPresent(name) => Rule::Header(header(name, HeaderMatchSpecifier::PresentMatch(true))),
    })
}

fn rule(rule: permission::Rule) -> Permission {
    Permission { rule: Some(rule) }
}

fn header(name: &str, specifier: HeaderMatchSpecifier) -> HeaderMatcher {
    HeaderMatcher { name: name.to_owned(), header_match_specifier: Some(specifier), ..HeaderMatcher::default() }
}

fn text(text: &Text) -> StringMatcher {
    let value = text.value.clone();
    let pattern = match text.form {
        Form::Exact => MatchPattern::Exact(value),
        Form::Prefix => MatchPattern::Prefix(value),
        Form::Suffix => MatchPattern::Suffix(value),
        Form::Contains => MatchPattern::Contains(value),
        Form::Regex => MatchPattern::SafeRegex(regex(&value)),
    };
    StringMatcher { ignore_case: text.ignore_case, match_pattern: Some(pattern) }
}
