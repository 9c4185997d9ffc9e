//! Bearers: from secrets and states.

use uuid::Uuid;
use weft_api::access::{AccessControl as _, AgentToken, BearerName, UnknownToken};
use weft_dns::Sight as _;
use weft_model::acl::{AclOp, Labelled, Link, Need, Plain, Policy, Token, TokenForm, Wanted};
use weft_model::secret::Secret;
use weft_model::{Command, Envelope, RequestId, Timestamp};
use weft_state::{State, apply, secret_hash};

use super::Acl;
use crate::clock::now;
use crate::config::{Config, Flags, load};

const NODE: &str = "n1";

fn config(text: &str) -> Config {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("acl.hcl");
    std::fs::write(&file, text).unwrap();
    let flags = Flags { config: vec![file], node: Some(NODE.to_owned()), ..Flags::ephemeral() };
    load(&flags).unwrap()
}

fn acl(more: &str) -> Acl {
    Acl::new(&config(&format!("acl {{ enabled = true\n default_policy = \"deny\"\n {more} }}"))).unwrap()
}

fn run(state: &State, op: AclOp) -> State {
    let index = state.index() + 1;
    let (id, command) = (RequestId { origin: 1, sequence: index }, Command::Acl(Box::new(op)));
    let outcome = apply(state, index, &Envelope { id, settled: 0, at: now(), command });
    outcome.reply.unwrap();
    outcome.state
}

fn with_token(state: &State, secret: &str, expires: Option<Timestamp>) -> (State, Uuid) {
    let token = Token {
        accessor: Uuid::new_v4(),
        secret: secret_hash(&secret.into()),
        policies: vec![Link::to(Policy::MANAGEMENT)],
        expires,
        created: now(),
        auth_method: String::new(),
        ..Token::default()
    };
    let accessor = token.accessor;
    (run(state, AclOp::TokenSet { token: Box::new(token), form: TokenForm::Create }), accessor)
}

fn write(service: &str) -> Need {
    Need::Of(Labelled::Service, service.to_owned(), Wanted::Write)
}

#[test]
fn a_token_counts_until_it_is_deleted() {
    let (acl, secret) = (acl(""), Secret::from("s1"));
    let empty = State::default();
    assert_eq!(acl.bearer(&secret, &empty).err(), Some(UnknownToken));
    let (state, accessor) = with_token(&empty, "s1", None);
    for _ in 0..2 {
        let bearer = acl.bearer(&secret, &state).unwrap();
        assert_eq!(bearer.name, BearerName::Token(accessor));
        assert!(bearer.authorizer.allows(&write("web")));
    }
    let gone = run(&state, AclOp::TokenDelete(accessor));
    assert_eq!(acl.bearer(&secret, &gone).err(), Some(UnknownToken));
    // An older state, which a stale read may still look at, says what it said.
    assert!(acl.bearer(&secret, &state).is_ok());
    assert_eq!(acl.bearer(&secret, &gone).err(), Some(UnknownToken));
}

#[test]
fn a_policy_that_changes_changes_what_its_tokens_may_do() {
    let acl = acl("");
    let policy = |rules: &str| Policy {
        id: Uuid::from_u128(1 << 64),
        name: "p".into(),
        rules: rules.into(),
        ..Policy::default()
    };
    let state = run(
        &State::default(),
        AclOp::PolicySet { policy: Box::new(policy(r#"service "web" { policy = "write" }"#)), create: true },
    );
    let token = Token {
        accessor: Uuid::new_v4(),
        secret: secret_hash(&"s".into()),
        policies: vec![Link::named("p")],
        created: now(),
        ..Token::default()
    };
    let state = run(&state, AclOp::TokenSet { token: Box::new(token), form: TokenForm::Create });
    let may = |state: &State| acl.bearer(&"s".into(), state).unwrap().authorizer.allows(&write("web"));
    assert!(may(&state));
    let state = run(&state, AclOp::PolicySet { policy: Box::new(policy("")), create: false });
    assert!(!may(&state));
}

#[test]
fn an_expired_token_is_none() {
    let acl = acl("");
    let (state, _) = with_token(&State::default(), "s", Some(now().plus(std::time::Duration::from_secs(61))));
    assert!(acl.bearer(&"s".into(), &state).is_ok());
    let mut cache = super::cache::Cache::default();
    let bearer = acl.bearer(&"s".into(), &state).unwrap();
    let hash = secret_hash(&"s".into());
    cache.put(hash, 1, bearer, Some(Timestamp(100)));
    assert!(cache.get(&hash, 1, Timestamp(99)).is_some());
    assert!(cache.get(&hash, 1, Timestamp(100)).is_none() && cache.get(&hash, 2, Timestamp(99)).is_none());
}

#[test]
fn no_token_is_the_default_one_or_nobody() {
    let plain = acl("");
    let nobody = plain.bearer(&Secret::default(), &State::default()).unwrap();
    assert_eq!(nobody.name, BearerName::Token(Token::ANONYMOUS));
    assert!(!nobody.authorizer.allows(&write("web")));
    let (state, accessor) = with_token(&State::default(), "d", None);
    plain.set_token(AgentToken::Default, "d".into()).unwrap();
    assert_eq!(plain.bearer(&Secret::default(), &state).unwrap().name, BearerName::Token(accessor));
}

#[test]
fn dns_sees_what_its_token_may_see() {
    let acl = acl("");
    let (state, _) = with_token(&State::default(), "d", None);
    let sees = |state: &State| acl.authorizer(state).unwrap().allows(&write("web"));
    assert!(!sees(&state));
    acl.set_token(AgentToken::Dns, "d".into()).unwrap();
    assert!(sees(&state) && !sees(&State::default()));
}

#[test]
fn the_recovery_token_is_for_this_agent_alone() {
    let acl = acl(r#"tokens { agent_recovery = "r" }"#);
    let bearer = acl.bearer(&"r".into(), &State::default()).unwrap();
    let agent = |name: &str| Need::Of(Labelled::Agent, name.to_owned(), Wanted::Write);
    assert!(bearer.authorizer.allows(&agent(NODE)) && !bearer.authorizer.allows(&agent("n2")));
    assert!(!bearer.authorizer.allows(&Need::Plain(Plain::Operator, Wanted::Read)));
}

#[test]
fn what_is_off_allows_everything() {
    let off = Acl::new(&config("")).unwrap();
    assert!(off.bearer(&"whatever".into(), &State::default()).unwrap().authorizer.allows(&Need::Snapshot));
}
