//! Intentions, their compiled form and a real Envoy never disagree.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRng, TestRunner};
use weft_mesh::authz::{Request, check, compile, decide, evaluate};
use weft_mesh::names::spiffe_id;
use weft_model::config_entry::Protocol;
use weft_model::intention::{Action, Rule};
use weft_state::StateView;
use weft_xds::set::ResourceSet;

use crate::caller::{Answer, Caller};
use crate::draw::{self, Case, DESTINATION, DOMAIN, SOURCES};
use crate::proxy::{Envoy, free_port};
use crate::world::{Single, merge};
use crate::{authority, backend};

const CASES: usize = 16;
const REQUESTS: usize = 6;

/// Each case gets a public listener of its own; every caller puts its questions to each of them.
#[tokio::test]
async fn envoy_decides_as_the_intentions_do() {
    let setting = |name: &str| std::env::var(name).ok().and_then(|value| value.parse().ok());
    let seed: u64 = setting("WEFT_SEED").unwrap_or_else(rand::random);
    let rounds = setting("WEFT_ROUNDS").unwrap_or(2);
    println!("WEFT_SEED={seed} repeats this run");
    let mut runner = TestRunner::new_with_rng(Config::default(), rng(seed));
    let ca = authority::real();
    let envoy = Envoy::start();
    let app = backend::start().await;
    let callers: Vec<_> = SOURCES.iter().map(|name| (*name, Caller::new(&authority::real_leaf(&ca, name)))).collect();
    let mut asked = 0;
    for _ in 0..rounds {
        let cases: Vec<(u16, Case)> =
            (0..CASES).map(|_| (free_port(), draw_one(&mut runner, draw::case(protocol())))).collect();
        let mut set = ResourceSet::default();
        for (port, case) in &cases {
            merge(&mut set, &single(case, *port, app).resources(&ca));
        }
        envoy.take(set).await.unwrap();
        for (port, case) in &cases {
            let requests = draw_one(&mut runner, prop::collection::vec(draw::request(), REQUESTS));
            for (name, caller) in &callers {
                asked += put(*port, case, name, caller, &requests, seed).await;
            }
        }
    }
    println!("{asked} requests");
}

async fn put(port: u16, case: &Case, name: &str, caller: &Caller, requests: &[Request], seed: u64) -> usize {
    let compiled = compile(&case.intentions, case.terms, DOMAIN);
    let id = spiffe_id(&name.into(), &"dc1".into(), DOMAIN);
    let state = single(case, port, 1).state(&authority::fixed());
    let may = check(&StateView::new(&state), &name.into(), &DESTINATION.into(), case.terms.default);
    let mut connection = caller.connect(port).await;
    for request in requests {
        let seen = Some(request).filter(|_| case.terms.protocol.is_http());
        let expected = decide(&case.intentions, case.terms, &name.into(), seen);
        let context = || format!("WEFT_SEED={seed} {name} {request:?}\n{case:#?}\n{compiled:#?}");
        assert_eq!(evaluate(&compiled, &id, seen), expected, "{}", context());
        let layer4 = case.intentions.iter().all(|intention| matches!(intention.rule, Rule::Action(_)));
        if layer4 || !case.terms.protocol.is_http() {
            assert_eq!(may, expected == Action::Allow, "check: {}", context());
        }
        let answer = connection.send(request).await;
        let found = match (&answer, case.terms.protocol) {
            // Envoy itself takes exception to some requests, whoever sends them.
            (Answer::Http { status: 400, .. }, _) => {
                connection = caller.connect(port).await;
                continue;
            }
            (Answer::Http { status: 200, .. }, _) => Action::Allow,
            (Answer::Http { status: 403, .. }, Protocol::Http) | (Answer::Closed, Protocol::Tcp) => Action::Deny,
            (other, _) => panic!("{other:?}: {}", context()),
        };
        assert_eq!(found, expected, "{}", context());
    }
    requests.len()
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(&[Protocol::Http, Protocol::Http, Protocol::Http, Protocol::Tcp][..])
}

fn single(case: &Case, port: u16, app: u16) -> Single {
    Single {
        default: case.terms.default,
        protocol: case.terms.protocol,
        entries: case.entries.iter().filter(|entry| !entry.sources.is_empty()).cloned().map(Into::into).collect(),
        port,
        app,
    }
}

fn draw_one<S: Strategy>(runner: &mut TestRunner, strategy: S) -> S::Value {
    strategy.new_tree(runner).unwrap().current()
}

fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &bytes)
}
