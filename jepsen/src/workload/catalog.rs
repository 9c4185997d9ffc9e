//! W5: services come, change their health and go; watchers hold a replica of each service.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::BoxFuture;
use http::Method;
use rand::RngExt;
use serde_json::{Value, json};

use super::journal::Journal;
use super::session::Session;
use super::spec::{Crew, Step, Workload};
use super::wait::{Watched, Watchers};

const SERVICES: [&str; 3] = ["jepsen-web", "jepsen-api", "jepsen-db"];
const NODES: [&str; 3] = ["jepsen-1", "jepsen-2", "jepsen-3"];
const WATCHERS: usize = 6;

/// The workload.
pub struct CatalogWorkload {
    journal: Journal,
    watchers: Watchers,
    next_port: AtomicU64,
}

impl Default for CatalogWorkload {
    fn default() -> Self {
        Self { journal: Journal::new("catalog"), watchers: Watchers::default(), next_port: AtomicU64::new(1) }
    }
}

/// An instance, drawn.
struct Drawn {
    node: &'static str,
    service: &'static str,
    id: String,
}

fn draw(session: &mut Session) -> Drawn {
    let node = NODES[session.rng.random_range(0..NODES.len())];
    let service = SERVICES[session.rng.random_range(0..SERVICES.len())];
    let id = format!("{service}-{}", session.rng.random_range(0..3));
    Drawn { node, service, id }
}

fn check(drawn: &Drawn, status: &str) -> Value {
    json!({"Check": {"Verb": "set", "Check": {"Node": drawn.node, "CheckID": format!("check-{}", drawn.id), "Name": "jepsen",
        "Status": status, "ServiceID": drawn.id, "ServiceName": drawn.service}}})
}

fn status(session: &mut Session) -> &'static str {
    ["passing", "warning", "critical"][session.rng.random_range(0..3)]
}

impl CatalogWorkload {
    async fn register(&self, session: &mut Session, drawn: &Drawn) {
        // Unique within the life of an instance: the judge tells registrations apart by it.
        let port = 1 + self.next_port.fetch_add(1, Ordering::Relaxed) % 65_535;
        let status = status(session);
        let steps = [
            json!({"Node": {"Verb": "set", "Node": {"Node": drawn.node, "Address": "127.0.0.1"}}}),
            json!({"Service": {"Verb": "set", "Node": drawn.node, "Service": {"ID": drawn.id, "Service": drawn.service, "Port": port}}}),
            check(drawn, status),
        ];
        let instance =
            json!({"node": drawn.node, "id": drawn.id, "name": drawn.service, "port": port, "status": status});
        self.journal.write(session, "register", drawn.service, &steps, json!([{"service": instance}])).await;
    }

    async fn flip(&self, session: &mut Session, drawn: &Drawn) {
        let status = status(session);
        let changes = json!([{"status": {"node": drawn.node, "id": drawn.id, "status": status}}]);
        self.journal.write(session, "flip", drawn.service, &[check(drawn, status)], changes).await;
    }

    async fn deregister(&self, session: &mut Session, drawn: &Drawn) {
        let step = json!({"Service": {"Verb": "delete", "Node": drawn.node, "Service": {"ID": drawn.id, "Service": drawn.service}}});
        let changes = json!([{"gone": {"node": drawn.node, "id": drawn.id}}]);
        self.journal.write(session, "deregister", drawn.service, &[step], changes).await;
    }

    async fn deregister_node(&self, session: &mut Session, node: &str) {
        let step = json!({"Node": {"Verb": "delete", "Node": {"Node": node}}});
        self.journal.write(session, "deregister-node", node, &[step], json!([{"node_gone": node}])).await;
    }
}

impl Workload for CatalogWorkload {
    fn name(&self) -> &'static str {
        "catalog"
    }

    fn crew(&self) -> Crew {
        Crew { workers: WATCHERS + 2, pause: Duration::from_millis(200) }
    }

    fn prepare<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for node in NODES {
                let body = json!({"Node": node, "Address": "127.0.0.1"}).to_string();
                let reply = session.ask(Method::PUT, "/v1/catalog/register", body).await;
                ensure!(reply.as_ref().is_ok_and(|reply| reply.status == 200), "register {node}: {reply:?}");
            }
            Ok(())
        })
    }

    fn step<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<Step>> {
        Box::pin(async move {
            if session.worker < WATCHERS {
                let name = SERVICES[session.worker % SERVICES.len()];
                let watched = Watched { target: "service", name, stale: session.worker >= SERVICES.len() };
                let answered = self.watchers.wait(session, "catalog", watched, Duration::from_secs(8)).await;
                return Ok(if answered { Step::AtOnce } else { Step::Next });
            }
            let drawn = draw(session);
            match session.rng.random_range(0..20) {
                0..9 => self.register(session, &drawn).await,
                9..15 => self.flip(session, &drawn).await,
                15..19 => self.deregister(session, &drawn).await,
                _ => self.deregister_node(session, drawn.node).await,
            }
            Ok(Step::Next)
        })
    }

    fn finish<'a>(&'a self, session: &'a mut Session) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            for name in SERVICES {
                for stale in [false, true] {
                    let watched = Watched { target: "service", name, stale };
                    self.watchers.ask(session, "catalog", watched, 0, Duration::from_secs(1)).await;
                }
            }
            self.journal.read_back(session).await;
            Ok(())
        })
    }
}
