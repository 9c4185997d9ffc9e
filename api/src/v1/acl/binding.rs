//! What a binding rule makes of somebody whom an auth method knows: pure.
//!
//! ```text
//! Verified + selector -> does the rule hold?   Verified + `svc-${value.team}` -> the name that is bound
//! ```

use serde_json::{Map, Value, json};
use weft_model::acl::{BindingRule, Identities, Link, NodeIdentity, ServiceIdentity, TemplatedPolicy, Token};
use weft_model::acl::{is_identity_name, is_name};

use crate::access::Verified;
use crate::filter::{Filter, IDENTITY};

/// Checks a rule for the variables that its auth method gives.
pub(super) fn check(rule: &BindingRule, variables: &Verified) -> Result<(), String> {
    if !rule.selector.is_empty() {
        Filter::parse(&rule.selector, &IDENTITY)
            .map_err(|error| format!("invalid Binding Rule: Selector is invalid: {}", reason(&error)))?;
    }
    let name = fill_in(&rule.bind_name, variables);
    name.map_err(|error| format!("Invalid Binding Rule: invalid BindName: {error}"))?;
    if let Some(variable) = &rule.bind_vars {
        fill_in(variable, variables).map_err(|error| format!("Invalid Binding Rule: invalid BindVars: {error}"))?;
    }
    Ok(())
}

/// What is wrong, without the words for a filter of a list.
fn reason(error: &str) -> &str {
    error.trim_start_matches("Failed to create boolean expression evaluator: ")
}

/// Adds to a token what a rule grants. A rule that does not hold, or that would grant a thing with an impossible
/// name, grants nothing.
pub(super) fn grant(rule: &BindingRule, verified: &Verified, datacenter: &str, token: &mut Token) {
    if !holds(rule, verified) {
        return;
    }
    let Ok(name) = fill_in(&rule.bind_name, verified) else { return };
    let Identities { services, nodes, templates } = &mut token.identities;
    match rule.bind_type.as_str() {
        "service" if is_identity_name(&name) => {
            services.push(ServiceIdentity { service: name, datacenters: Vec::new() });
        }
        "node" if is_identity_name(&name) => {
            nodes.push(NodeIdentity { node: name, datacenter: datacenter.to_owned() });
        }
        "role" if is_name(&name, 256) => token.roles.push(Link::named(&name)),
        "policy" if is_name(name.trim_start_matches("builtin/"), 128) => token.policies.push(Link::named(&name)),
        "templated-policy" => {
            let Ok(variable) = fill_in(rule.bind_vars.as_deref().unwrap_or_default(), verified) else { return };
            let policy = TemplatedPolicy { template: name, name: variable, datacenters: Vec::new() };
            let alone = Identities { templates: vec![policy.clone()], ..Identities::default() };
            if alone.validate("token", false).is_ok() {
                templates.push(policy);
            }
        }
        _ => {}
    }
}

fn holds(rule: &BindingRule, verified: &Verified) -> bool {
    rule.selector.is_empty()
        || Filter::parse(&rule.selector, &IDENTITY).is_ok_and(|selector| selector.keep(&tree(verified)))
}

/// The variables as selectors see them: `value.team` is a field within a field.
fn tree(verified: &Verified) -> Value {
    let values = verified.values.iter().map(|(path, value)| (path, json!(value)));
    let lists = verified.lists.iter().map(|(path, list)| (path, json!(list)));
    let mut tree = Map::new();
    for (path, value) in values.chain(lists) {
        let (block, name) = path.split_once('.').unwrap_or(("", path));
        let block = tree.entry(block).or_insert_with(|| Value::Object(Map::new()));
        if let Some(fields) = block.as_object_mut() {
            fields.insert(name.to_owned(), value);
        }
    }
    Value::Object(tree)
}

/// Puts values in the place of `${…}`.
fn fill_in(text: &str, verified: &Verified) -> Result<String, String> {
    let (mut filled, mut rest) = (String::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or("parse error: syntax error")?;
        let name = name.trim();
        let position = text.len() - after.len() + 1;
        let value = verified.values.get(name);
        let value = value.ok_or_else(|| format!("1:{position}: unknown variable accessed: {name}"))?;
        filled.push_str(before);
        filled.push_str(value);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified() -> Verified {
        Verified {
            values: [("value.team".to_owned(), "ops".to_owned())].into(),
            lists: [("list.groups".to_owned(), vec!["dev".to_owned(), "web".to_owned()])].into(),
        }
    }

    fn rule(bind_type: &str, bind_name: &str, selector: &str) -> BindingRule {
        BindingRule {
            bind_type: bind_type.into(),
            bind_name: bind_name.into(),
            selector: selector.into(),
            ..BindingRule::default()
        }
    }

    fn granted(rule: &BindingRule) -> Token {
        let mut token = Token::default();
        grant(rule, &verified(), "dc1", &mut token);
        token
    }

    #[test]
    fn names_are_filled_in_and_selectors_choose() {
        let service = |selector: &str| granted(&rule("service", "svc-${value.team}", selector)).identities.services;
        for selector in ["", "value.team == ops", "dev in list.groups and value.team==ops", "list.groups is not empty"]
        {
            assert_eq!(service(selector)[0].service, "svc-ops", "{selector}");
        }
        for selector in ["value.team == dev", "nobody in list.groups", "value.other == ops", "value.team"] {
            assert!(service(selector).is_empty(), "{selector}");
        }
        assert_eq!(granted(&rule("role", "r-${ value.team }", "")).roles, [Link::named("r-ops")]);
        assert_eq!(granted(&rule("node", "n1", "")).identities.nodes[0].datacenter, "dc1");
        assert_eq!(granted(&rule("service", "Bad Name", "")), Token::default());
        assert_eq!(granted(&rule("templated-policy", "builtin/service", "")), Token::default());
    }

    #[test]
    fn wrong_rules_are_named() {
        let fault = |name: &str, selector: &str| check(&rule("service", name, selector), &verified()).unwrap_err();
        assert_eq!(fault("${bad}", ""), "Invalid Binding Rule: invalid BindName: 1:3: unknown variable accessed: bad");
        assert_eq!(
            fault("svc-${value.nope}", ""),
            "Invalid Binding Rule: invalid BindName: 1:7: unknown variable accessed: value.nope"
        );
        assert_eq!(fault("svc-${value.team", ""), "Invalid Binding Rule: invalid BindName: parse error: syntax error");
        assert!(fault("x", "value.team").starts_with("invalid Binding Rule: Selector is invalid: "));
        assert!(fault("x", "other.team == x").starts_with("invalid Binding Rule: Selector is invalid: "));
    }
}
