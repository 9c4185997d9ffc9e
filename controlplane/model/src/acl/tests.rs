//! Tables of rules and requests with the verdicts that Consul gives.

use super::Wanted::{List, Read, Write};
use super::{Authorizer, Fallback, Labelled, Need, Plain, Rules, management, service_identity};

fn may(rules: &str, fallback: Fallback, need: &Need) -> bool {
    Authorizer::new(Rules::parse(rules).unwrap(), fallback).allows(need)
}

fn key(name: &str, wanted: super::Wanted) -> Need {
    Need::Of(Labelled::Key, name.to_owned(), wanted)
}

fn service(name: &str, wanted: super::Wanted) -> Need {
    Need::Of(Labelled::Service, name.to_owned(), wanted)
}

#[test]
fn the_longest_prefix_holds_and_the_exact_name_beats_it() {
    let rules = r#"
        key_prefix "" { policy = "read" }
        key_prefix "a/" { policy = "write" }
        key_prefix "a/secret/" { policy = "deny" }
        key "a/secret/open" { policy = "read" }
        key_prefix "l/" { policy = "list" }
    "#;
    let table = [
        (key("x", Read), true),
        (key("x", Write), false),
        (key("a/x", Write), true),
        (key("a/secret/x", Read), false),
        (key("a/secret/open", Read), true),
        (key("a/secret/open", Write), false),
        (key("l/x", Read), true),
        (Need::Below(Labelled::Key, "l/".into(), List), true),
        (Need::Below(Labelled::Key, "".into(), List), false),
        (Need::Below(Labelled::Key, "a/".into(), Write), false),
        (Need::Below(Labelled::Key, "a/b".into(), Write), true),
    ];
    for (need, verdict) in table {
        assert_eq!(may(rules, Fallback::Deny, &need), verdict, "{need}");
    }
}

#[test]
fn policies_meet_with_the_stricter_rule() {
    let order = ["read", "list", "write", "deny"];
    for (lower, first) in order.iter().enumerate() {
        for second in &order[lower..] {
            let mut rules = Rules::parse(&format!(r#"key "k" {{ policy = "{first}" }}"#)).unwrap();
            rules.merge(&Rules::parse(&format!(r#"key "k" {{ policy = "{second}" }}"#)).unwrap());
            let alone = Rules::parse(&format!(r#"key "k" {{ policy = "{second}" }}"#)).unwrap();
            assert_eq!(rules, alone);
        }
    }
}

#[test]
fn the_fallback_holds_where_no_rule_fits() {
    let needs =
        [key("k", Write), service("s", Write), Need::Plain(Plain::Operator, Write), Need::Intention("s".into(), Write)];
    for need in &needs {
        assert!(may("", Fallback::Allow, need), "{need}");
        assert!(!may("", Fallback::Deny, need), "{need}");
    }
    for need in [Need::Plain(Plain::Acl, Read), Need::Plain(Plain::Acl, Write), Need::Snapshot] {
        assert!(!may("", Fallback::Allow, &need), "{need}");
        assert!(may(r#"acl = "write""#, Fallback::Deny, &need), "{need}");
        assert!(may("", Fallback::Off, &need), "{need}");
    }
}

#[test]
fn mesh_and_peering_follow_the_operator_without_a_rule_of_their_own() {
    let mesh = Need::Plain(Plain::Mesh, Write);
    assert!(may(r#"operator = "write""#, Fallback::Deny, &mesh));
    assert!(!may(r#"operator = "write" mesh = "deny""#, Fallback::Deny, &mesh));
    assert!(!may(r#"operator = "deny""#, Fallback::Allow, &mesh));
}

#[test]
fn writing_a_service_does_not_let_one_write_its_intentions() {
    let write = |name: &str| Need::Intention(name.to_owned(), Write);
    let read = |name: &str| Need::Intention(name.to_owned(), Read);
    let plain = r#"service "web" { policy = "write" }"#;
    assert!(!may(plain, Fallback::Deny, &write("web")));
    assert!(may(plain, Fallback::Deny, &read("web")));
    let both = r#"service "web" { policy = "read" intentions = "write" }"#;
    assert!(may(both, Fallback::Deny, &write("web")));
    assert!(!may(both, Fallback::Deny, &write("*")));
    assert!(may(both, Fallback::Deny, &read("*")));
    let all = r#"service_prefix "" { policy = "read" intentions = "write" }"#;
    assert!(may(all, Fallback::Deny, &write("*")));
    let hole = r#"service_prefix "" { policy = "read" intentions = "write" } service "db" { policy = "deny" }"#;
    assert!(!may(hole, Fallback::Deny, &write("*")));
    assert!(!may(hole, Fallback::Deny, &read("db")));
}

#[test]
fn identities_stand_for_their_rules() {
    let web = Authorizer::new(service_identity("web"), Fallback::Deny);
    assert!(web.allows(&service("web", Write)) && web.allows(&service("web-sidecar-proxy", Write)));
    assert!(web.allows(&service("db", Read)) && !web.allows(&service("db", Write)));
    assert!(!web.allows(&key("k", Read)) && !web.allows(&Need::Intention("web".into(), Write)));
    let root = Authorizer::new(management(), Fallback::Deny);
    for need in
        [key("k", Write), Need::Snapshot, Need::Intention("*".into(), Write), Need::Plain(Plain::Keyring, Write)]
    {
        assert!(root.allows(&need), "{need}");
    }
}

#[test]
fn json_and_hcl_say_the_same_and_faults_are_named_together() {
    let hcl = Rules::parse(r#"service "a" { policy = "read" } service "b" { policy = "write" } acl = "read""#).unwrap();
    let json =
        Rules::parse(r#"{"service": {"a": {"policy": "read"}, "b": {"policy": "write"}}, "acl": "read"}"#).unwrap();
    assert_eq!(hcl, json);
    let faults = Rules::parse(r#"bogus "x" { policy = "read" } service "a" { policy = "list" } key "k" {} acl = 1"#);
    let text = faults.unwrap_err().to_string();
    for part in [
        "bogus: is not a resource",
        r#"service: "a": policy must be one of read, write or deny"#,
        r#"key: "k": policy: is missing"#,
        "acl: policy must be one of",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(Rules::parse("service {").is_err() && Rules::parse("{").is_err());
}
