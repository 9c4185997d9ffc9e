//! Drawn intentions and drawn requests: what the API's check says, what a plain reading of the rules
//! says, what the compiled authorization says, and what a real Envoy does are the same.
//!
//! `WEFT_SEED=N` replays a run; each run prints its seed.

mod rules;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use weft_mesh::authz::{self, Authorization, Terms};
use weft_mesh::names;
use weft_model::config_entry::{self, ConfigEntry};
use weft_model::intention::{Action, DefaultPolicy};

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

/// What a mesh starts with.
fn initial(mesh: &Mesh) -> Vec<Rule> {
    let lets_web_through = Rule { source: "web", destination: "api", verdict: Verdict::Allow };
    if mesh.plan.default == "deny" { vec![lets_web_through] } else { Vec::new() }
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

async fn agree_for_tcp(plan: Plan) {
    let mut draw = generator();
    let mesh = plan.quiet().start().await;
    let (callers, compiled) = (callers(&mesh).await, Compiler::of(&mesh).await);
    let mut before = initial(&mesh);
    for _ in 0..ROUNDS {
        let rules = draw_rules(&mut draw, |draw, _| allow_or_deny(draw));
        write(&mesh, &before, &rules).await;
        let authorization = compiled.compile(&mesh).await;
        for (name, identity) in &callers {
            let allowed = decide(&rules, mesh.plan.default == "allow", name, &Request::default());
            assert_eq!(mesh.agent.check(name, "api").await, allowed, "check of {name} under {rules:?}");
            assert_eq!(compiled.judge(&authorization, name, None), allowed, "{name} compiled under {rules:?}");
            let what = format!("{name} to api is {allowed} under {rules:?}");
            until_ok(&what, SECOND, async || {
                let answer = match Handshake::dial_13(mesh.api.public, Some(identity)).await {
                    Ok(mut handshake) => handshake.exchange(b"hello\n").await,
                    refusal => refusal.map(drop).map(|()| String::new()),
                };
                if answer.is_ok() == allowed { Ok(()) } else { Err(format!("{answer:?}")) }
            })
            .await;
        }
        before = rules;
    }
}

#[tokio::test]
async fn all_agree_for_tcp_where_the_default_allows() {
    agree_for_tcp(Plan::of(Protocol::Tcp)).await;
}

#[tokio::test]
async fn all_agree_for_tcp_where_the_default_denies() {
    agree_for_tcp(Plan::of(Protocol::Tcp).denying()).await;
}

/// The status of one request, by a caller who has a leaf and no sidecar.
async fn status(mesh: &Mesh, identity: &Identity, request: &Request) -> Result<u16, String> {
    let mut handshake = Handshake::dial_13(mesh.api.public, Some(identity)).await?;
    let answer = handshake.request(request.to_bytes().as_bytes()).await?;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(answer)
}

async fn agree_for_http(plan: Plan) {
    let mut draw = generator();
    let mesh = plan.quiet().start().await;
    let (callers, compiled) = (callers(&mesh).await, Compiler::of(&mesh).await);
    let mut before = initial(&mesh);
    for _ in 0..ROUNDS {
        let rules = draw_rules(&mut draw, |draw, destination| match draw.random_bool(0.6) && destination != "*" {
            true => Verdict::ByRequest(rules::Permission::draw_some(draw)),
            false => allow_or_deny(draw),
        });
        write(&mesh, &before, &rules).await;
        let authorization = compiled.compile(&mesh).await;
        for _ in 0..10 {
            let (name, identity) = callers.choose(&mut draw).unwrap();
            let request = Request::draw(&mut draw);
            let allowed = decide(&rules, mesh.plan.default == "allow", name, &request);
            let is_judged_by_request =
                deciding(&rules, name).is_some_and(|rule| matches!(rule.verdict, Verdict::ByRequest(_)));
            let checked = mesh.agent.check(name, "api").await;
            // What depends on the request is no plain yes.
            assert_eq!(checked, allowed && !is_judged_by_request, "check of {name} under {rules:?}");
            let judged = compiled.judge(&authorization, name, Some(&request.as_judged()));
            assert_eq!(judged, allowed, "{request:?} of {name} compiled under {rules:#?}");
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

#[tokio::test]
async fn all_agree_for_http_where_the_default_allows() {
    agree_for_http(Plan::of(Protocol::Http)).await;
}

#[tokio::test]
async fn all_agree_for_http_where_the_default_denies() {
    agree_for_http(Plan::of(Protocol::Http).denying()).await;
}

/// The compiled form of what the agent holds, made here from what its API shows.
struct Compiler {
    trust_domain: String,
    terms: Terms,
}

impl Compiler {
    async fn of(mesh: &Mesh) -> Self {
        let default = if mesh.plan.default == "allow" { DefaultPolicy::Allow } else { DefaultPolicy::Deny };
        let protocol = config_entry::Protocol::parse(mesh.plan.protocol.name());
        let terms = Terms { default, protocol, guard_paths: true };
        Self { trust_domain: mesh.agent.trust_domain().await, terms }
    }

    async fn compile(&self, mesh: &Mesh) -> Authorization {
        let entries = mesh.agent.get("/v1/config/service-intentions").await;
        let mut intentions = Vec::new();
        for mut entry in entries.as_array().unwrap().clone() {
            // The API's own additions.
            entry.as_object_mut().unwrap().retain(|key, _| key != "CreateIndex" && key != "ModifyIndex");
            let ConfigEntry::ServiceIntentions(entry) = ConfigEntry::decode(entry).unwrap() else { continue };
            intentions.extend(entry.intentions(0, 0));
        }
        intentions.sort_by_key(|intention| std::cmp::Reverse(intention.precedence));
        authz::compile(&intentions, self.terms, &self.trust_domain)
    }

    fn judge(&self, authorization: &Authorization, caller: &str, request: Option<&authz::Request>) -> bool {
        let id = names::spiffe_id(&caller.into(), &"dc1".into(), &self.trust_domain);
        authz::evaluate(authorization, &id, request) == Action::Allow
    }
}
