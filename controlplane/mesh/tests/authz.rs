//! The compiled form of intentions judges as the intentions themselves do.
#![allow(clippy::unwrap_used)]

#[path = "support/draw.rs"]
mod draw;

use draw::{DESTINATION, DOMAIN, SOURCES};
use proptest::prelude::*;
use regex::Regex;
use weft_mesh::authz::{Request, Terms, check, compile, decide, evaluate};
use weft_mesh::names::spiffe_id;
use weft_model::command::{IntentionForm, IntentionWrite};
use weft_model::config_entry::{Protocol, ServiceIntentions, Source};
use weft_model::intention::{Action, DefaultPolicy, HttpPermission, Intention, Permission, Rule};
use weft_model::{Command, Envelope, RequestId, Timestamp};
use weft_state::{State, StateView, apply};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_compiled_form_decides_as_the_intentions_do(
        case in draw::case(draw::any_protocol()),
        requests in prop::collection::vec(draw::request(), 1..6),
    ) {
        let compiled = compile(&case.intentions, case.terms, DOMAIN);
        let http = case.terms.protocol.is_http();
        let callers: Vec<_> = compiled.callers(case.terms.protocol).iter().map(|p| Regex::new(p).unwrap()).collect();
        for source in SOURCES {
            let id = spiffe_id(&source.into(), &"dc 7".into(), DOMAIN);
            for request in requests.iter().map(|request| Some(request).filter(|_| http)) {
                let expected = decide(&case.intentions, case.terms, &source.into(), request);
                // Who may connect at all is decided before; on TCP that is all there is to decide.
                let connects = callers.iter().any(|pattern| pattern.is_match(&id));
                prop_assert_eq!(connects, http || expected == Action::Allow, "{} {:#?}", source, compiled);
                prop_assert_eq!(evaluate(&compiled, &id, request), expected, "{} {:?} {:#?}", source, request, compiled);
            }
        }
    }

    #[test]
    fn whoever_is_no_service_of_the_trust_domain_is_no_listed_caller(case in draw::case(draw::any_protocol())) {
        let compiled = compile(&case.intentions, case.terms, DOMAIN);
        let by_default = if case.terms.default == DefaultPolicy::Allow { Action::Allow } else { Action::Deny };
        for id in ["", "spiffe://x/ns/default/dc/dc1/svc/web", &format!("spiffe://{DOMAIN}/agent/client/dc/dc1/id/web")] {
            prop_assert_eq!(evaluate(&compiled, id, Some(&Request::default())), by_default);
        }
    }
}

#[test]
fn an_exact_name_beats_the_wildcard_and_the_destination_counts_first() {
    let entries = [("api", "*", Action::Deny), ("*", "web", Action::Allow), ("api", "shop", Action::Allow)];
    let state = written(&entries);
    let view = StateView::new(&state);
    let may = |source: &str, default| check(&view, &source.into(), &"api".into(), default);
    for default in [DefaultPolicy::Allow, DefaultPolicy::Deny] {
        assert!(may("shop", default));
        assert!(!may("web", default), "the wildcard of the exact destination comes before");
        assert!(check(&view, &"web".into(), &"other".into(), default));
    }
    assert!(check(&view, &"shop".into(), &"other".into(), DefaultPolicy::Allow));
    assert!(!check(&view, &"shop".into(), &"other".into(), DefaultPolicy::Deny));
}

/// A lone denial among permissions must never turn into an allowance (CVE-2021-36213).
#[test]
fn a_lone_permission_that_denies_allows_nothing_more() {
    for (default, other) in [(DefaultPolicy::Allow, Action::Allow), (DefaultPolicy::Deny, Action::Deny)] {
        let intentions = permissions(&[(Action::Deny, "/admin")]);
        for protocol in [Protocol::Http, Protocol::Tcp] {
            let terms = Terms { default, protocol, guard_paths: true };
            let compiled = compile(&intentions, terms, DOMAIN);
            let judge = |path: &str| {
                let request = Request { method: "GET".into(), path: path.into(), ..Request::default() };
                let request = Some(&request).filter(|_| protocol.is_http());
                evaluate(&compiled, &spiffe_id(&"web".into(), &"dc1".into(), DOMAIN), request)
            };
            assert_eq!(judge("/admin"), Action::Deny);
            let elsewhere = if protocol.is_http() { other } else { Action::Deny };
            assert_eq!(judge("/public"), elsewhere, "{default:?} {protocol:?}");
        }
    }
}

#[test]
fn a_check_takes_permissions_for_denial() {
    let intentions = permissions(&[(Action::Allow, "/")]);
    let terms = Terms { default: DefaultPolicy::Allow, protocol: Protocol::Http, guard_paths: true };
    assert_eq!(decide(&intentions, terms, &"web".into(), None), Action::Deny);
}

#[test]
fn a_path_that_can_be_read_in_two_ways_is_denied_by_either_kind_of_permission() {
    for action in [Action::Allow, Action::Deny] {
        let intentions = permissions(&[(action, "/a")]);
        let terms = Terms { default: DefaultPolicy::Deny, protocol: Protocol::Http, guard_paths: true };
        for path in ["/a;x", "/a%2f..%2fb", "/a//b", "/a%00", "/a\\b", "a", "*"] {
            let request = Request { path: path.into(), ..Request::default() };
            assert_eq!(decide(&intentions, terms, &"web".into(), Some(&request)), Action::Deny, "{path}");
        }
    }
}

fn permissions(list: &[(Action, &str)]) -> Vec<Intention> {
    let permission = |(action, prefix): &(Action, &str)| Permission {
        action: Some(*action),
        http: Some(HttpPermission { path_prefix: (*prefix).into(), ..HttpPermission::default() }),
    };
    let source = Source { name: "web".into(), permissions: list.iter().map(permission).collect(), ..Source::default() };
    let mut entry =
        ServiceIntentions { name: DESTINATION.into(), sources: vec![source], ..ServiceIntentions::default() };
    entry.normalize();
    let intentions: Vec<_> = entry.intentions(1, 1).collect();
    assert!(matches!(intentions[0].rule, Rule::Permissions(_)));
    intentions
}

fn written(entries: &[(&str, &str, Action)]) -> State {
    let mut state = State::default();
    for (position, (destination, source, action)) in entries.iter().enumerate() {
        let write = IntentionWrite {
            source: (*source).into(),
            destination: (*destination).into(),
            action: Some(*action),
            permissions: vec![],
            description: String::new(),
            form: IntentionForm::Exact,
        };
        let id = RequestId { origin: 1, sequence: position as u64 };
        let envelope =
            Envelope { id, settled: 0, at: Timestamp(0), command: Command::IntentionUpsert(Box::new(write)) };
        state = apply(&state, position as u64 + 1, &envelope).state;
    }
    state
}
