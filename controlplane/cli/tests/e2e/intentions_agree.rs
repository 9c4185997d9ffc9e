//! Drawn intentions and drawn requests: what the API's check says, what a plain reading of the rules
//! says, and what a real Envoy does are the same.
//!
//! `WEFT_SEED=N` replays a run; each run prints its seed.

mod rules;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use crate::harness::{Handshake, Identity, Mesh, Plan, Protocol, SECOND, until_ok};
use rules::{Request, Rule, Verdict, decide, deciding};

/// Names that a careless pattern would mix up.
const CALLERS: [&str; 4] = ["web", "w.b", "web-2", "cron"];
const SOURCES: [&str; 5] = ["web", "w.b", "web-2", "cron", "*"];
const ROUNDS: usize = 20;

fn generator() -> StdRng {
    let seed = std::env::var("WEFT_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(rand::random);
    eprintln!("replay with WEFT_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// A caller of each name, with a leaf of the mesh.
async fn callers(mesh: &Mesh) -> Vec<(&'static str, Identity)> {
    let mut callers = Vec::new();
    for name in CALLERS {
        callers.push((name, Identity::of_service(&mesh.agent, name).await));
    }
    callers
}

/// Makes these the only intentions.
async fn write(mesh: &Mesh, before: &[Rule], rules: &[Rule]) {
    for old in before.iter().filter(|old| !rules.iter().any(|new| new.concerns_same(old))) {
        mesh.agent.forget_intention(old.source, old.destination).await;
    }
    for rule in rules {
        match &rule.verdict {
            Verdict::Allow => mesh.agent.intend(rule.source, rule.destination, "allow").await,
            Verdict::Deny => mesh.agent.intend(rule.source, rule.destination, "deny").await,
            Verdict::ByRequest(permissions) => {
                let permissions: Vec<_> = permissions.iter().map(rules::Permission::to_json).collect();
                mesh.agent.permit(rule.source, rule.destination, &json!(permissions)).await;
            }
        }
    }
}

fn draw_rules(draw: &mut StdRng, mut verdict: impl FnMut(&mut StdRng, &str) -> Verdict) -> Vec<Rule> {
    let mut rules = Vec::new();
    for destination in ["api", "*"] {
        for source in SOURCES {
            if draw.random_bool(0.4) {
                rules.push(Rule { source, destination, verdict: verdict(draw, destination) });
            }
        }
    }
    rules
}

fn allow_or_deny(draw: &mut StdRng) -> Verdict {
    if draw.random() { Verdict::Allow } else { Verdict::Deny }
}

#[tokio::test]
async fn check_and_envoy_agree_for_tcp() {
    let mut draw = generator();
    let mesh = Plan::of(Protocol::Tcp).quiet().start().await;
    let callers = callers(&mesh).await;
    let mut before = Vec::new();
    for _ in 0..ROUNDS {
        let rules = draw_rules(&mut draw, |draw, _| allow_or_deny(draw));
        write(&mesh, &before, &rules).await;
        for (name, identity) in &callers {
            let allowed = mesh.agent.check(name, "api").await;
            assert_eq!(allowed, decide(&rules, name, &Request::default()), "check of {name} under {rules:?}");
            let what = format!("{name} to api is {allowed} under {rules:?}");
            until_ok(&what, SECOND, async || {
                let mut handshake = Handshake::dial_13(mesh.api.public, Some(identity)).await?;
                match handshake.exchange(b"hello\n").await {
                    answer if answer.is_ok() == allowed => Ok(()),
                    answer => Err(format!("{answer:?}")),
                }
            })
            .await;
        }
        before = rules;
    }
}

/// The status of one request, by a caller who has a leaf and no sidecar.
async fn status(mesh: &Mesh, identity: &Identity, request: &Request) -> Result<u16, String> {
    let mut handshake = Handshake::dial_13(mesh.api.public, Some(identity)).await?;
    let answer = handshake.request(request.to_bytes().as_bytes()).await?;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(answer)
}

#[tokio::test]
async fn check_rules_and_envoy_agree_for_http() {
    let mut draw = generator();
    let mesh = Plan::of(Protocol::Http).quiet().start().await;
    let callers = callers(&mesh).await;
    let mut before = Vec::new();
    for _ in 0..ROUNDS {
        let rules = draw_rules(&mut draw, |draw, destination| match draw.random_bool(0.6) && destination != "*" {
            true => Verdict::ByRequest(rules::Permission::draw_some(draw)),
            false => allow_or_deny(draw),
        });
        write(&mesh, &before, &rules).await;
        for _ in 0..10 {
            let (name, identity) = callers.choose(&mut draw).unwrap();
            let request = Request::draw(&mut draw);
            let allowed = decide(&rules, name, &request);
            match deciding(&rules, name).map(|rule| &rule.verdict) {
                Some(Verdict::ByRequest(_)) => assert!(!mesh.agent.check(name, "api").await, "no plain yes"),
                Some(Verdict::Allow | Verdict::Deny) | None => {
                    assert_eq!(mesh.agent.check(name, "api").await, allowed, "check of {name} under {rules:?}");
                }
            }
            let wanted = if allowed { 200 } else { 403 };
            let what = format!("{name} gets {wanted} for {request:?} under {rules:#?}");
            until_ok(&what, SECOND, async || match status(&mesh, identity, &request).await? {
                found if found == wanted => Ok(()),
                other => Err(other.to_string()),
            })
            .await;
        }
        before = rules;
    }
}
