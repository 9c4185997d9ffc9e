//! Judging by the compiled form, as a proxy does.

use regex::bytes::RegexBuilder;
use weft_model::intention::Action;

use super::expr::{Expr, Form, Text};
use super::request::Request;
use super::{Authorization, Principal};

/// What happens to a request of the caller with this SPIFFE id.
#[must_use]
pub fn evaluate(authorization: &Authorization, source: &str, request: Option<&Request>) -> Action {
    let is = |principal: &Principal| principal_matches(principal, &authorization.trust_domain, source);
    let listed = authorization.layer4.iter().any(is)
        || authorization.layer7.iter().any(|policy| {
            is(&policy.principal)
                && match request {
                    Some(request) => policy.rules.iter().any(|rule| holds(rule, request)),
                    None => authorization.listed == Action::Deny,
                }
        });
    match (authorization.listed, listed) {
        (Action::Allow, true) | (Action::Deny, false) => Action::Allow,
        (Action::Allow, false) | (Action::Deny, true) => Action::Deny,
    }
}

fn principal_matches(principal: &Principal, trust_domain: &str, source: &str) -> bool {
    let (pattern, but) = principal.patterns(trust_domain);
    let matches = |pattern: &String| whole(pattern, source.as_bytes());
    matches(&pattern) && !but.iter().any(matches)
}

fn holds(expr: &Expr, request: &Request) -> bool {
    match expr {
        Expr::Always(holds) => *holds,
        Expr::All(parts) => parts.iter().all(|part| holds(part, request)),
        Expr::Any(parts) => parts.iter().any(|part| holds(part, request)),
        Expr::Not(part) => !holds(part, request),
        Expr::Path(text) => fits(text, request.bare_path().as_bytes()),
        Expr::Header { name, text } => request.lines(name).into_iter().any(|line| fits(text, line)),
        Expr::HeaderPresent(name) => !request.lines(name).is_empty(),
    }
}

fn fits(text: &Text, bytes: &[u8]) -> bool {
    if text.form == Form::Regex {
        return whole(&text.value, bytes);
    }
    let fold = |bytes: &[u8]| if text.ignore_case { bytes.to_ascii_lowercase() } else { bytes.to_vec() };
    let (wanted, bytes) = (fold(text.value.as_bytes()), fold(bytes));
    match text.form {
        Form::Exact => bytes == wanted,
        Form::Prefix => bytes.starts_with(&wanted),
        Form::Suffix => bytes.ends_with(&wanted),
        Form::Contains | Form::Regex => bytes.windows(wanted.len()).any(|window| window == wanted),
    }
}

/// An expression that does not compile matches nothing; the compiler makes none.
fn whole(pattern: &str, bytes: &[u8]) -> bool {
    let regex = RegexBuilder::new(&format!("\\A(?:{pattern})\\z")).unicode(false).build();
    regex.is_ok_and(|regex| regex.is_match(bytes))
}
