//! Keeps the catalog true to what this agent knows: when something changes here or there, and now and then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, OptionFuture};
use parking_lot::RwLock;
use tokio::time::{Instant, sleep_until};
use weft_model::catalog::{Node, Service};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::secret::Secret;
use weft_model::{CheckId, Command, Topic};
use weft_state::{StateView, Store};

use super::local::Tokens;
use super::plan::{Local, Plan, Write, plan};
use super::servers::{Lost, Servers};
use crate::acl::Acl;
use crate::clients::message::{APPLY, Apply, Ask, NODE_ROWS, Rows, Written};

/// How often the catalog is looked at anew though nothing has changed: Consul's minute, and up to half of it more.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// For how long a server keeps a question waiting, and some time for its answer.
const NEWS_MAX: Duration = Duration::from_secs(70);

pub(super) const WRITE_MAX: Duration = Duration::from_secs(10);

/// The pause after a failure, and the longest one.
const RETRY: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);

/// Looks are this far apart at least, and take at most one part in so many of the time.
const REST: Duration = Duration::from_millis(20);
const SHARE: u32 = 10;

/// Writes that share a message.
const TOGETHER: usize = 256;

/// What keeps the catalog true.
pub(super) struct Sync {
    pub(super) store: Arc<Store>,
    pub(super) node: Arc<Node>,
    pub(super) servers: Servers,
    pub(super) tokens: Tokens,
    pub(super) acl: Acl,
    /// How old an output may be in the catalog: `check_update_interval`, as of the last reload.
    pub(super) output_every: Arc<RwLock<Duration>>,
}

/// What happens between two looks.
struct Seen {
    remote: Option<Rows>,
    outputs: BTreeMap<CheckId, Instant>,
    /// How many looks in a row have failed.
    failures: u32,
}

impl Sync {
    /// Runs for ever.
    pub(super) async fn run(self) {
        let mut seen = Seen { remote: None, outputs: BTreeMap::new(), failures: 0 };
        let mut changes = self.store.subscribe(BTreeSet::from([Topic::Node(self.node.name.clone())]));
        let mut news: Option<BoxFuture<'_, Result<Rows, Lost>>> = Some(self.news(0).boxed());
        let mut news_at = Instant::now();
        let mut look_at = None;
        let mut rested = Instant::now();
        let mut full_at = Instant::now() + self.a_minute();
        loop {
            let due = seen.outputs.values().min().copied();
            tokio::select! {
                Some(answer) = OptionFuture::from(news.as_mut()) => {
                    news = None;
                    match answer {
                        Ok(rows) => {
                            news_at = Instant::now();
                            seen.remote = Some(rows);
                            seen.failures = 0;
                            look_at = Some(rested);
                        }
                        Err(lost) => {
                            news_at = Instant::now() + self.pause(&mut seen, &lost, "the catalog cannot be read");
                        }
                    }
                }
                () = sleep_until(news_at), if news.is_none() => {
                    let index = if seen.failures > 0 { 0 } else { seen.remote.as_ref().map_or(0, |rows| rows.index) };
                    news = Some(self.news(index).boxed());
                }
                _ = changes.changed(), if look_at.is_none() => look_at = Some(rested),
                () = sleep_until(due.unwrap_or(full_at)), if due.is_some() && look_at.is_none() => {
                    look_at = Some(rested);
                }
                () = sleep_until(full_at) => {
                    full_at = Instant::now() + self.a_minute();
                    news = Some(self.news(0).boxed());
                }
                () = sleep_until(look_at.unwrap_or(full_at)), if look_at.is_some() => {
                    let started = Instant::now();
                    look_at = None;
                    let outcome = self.look(&mut seen).await;
                    rested = Instant::now() + REST.max(started.elapsed() * SHARE).min(Duration::from_secs(2));
                    match outcome {
                        Ok(true) => {
                            seen.failures = 0;
                            // What was asked before does not know of it.
                            news = None;
                            news_at = Instant::now();
                            look_at = Some(rested);
                        }
                        Ok(false) => {}
                        Err(lost) => look_at = Some(Instant::now() + self.pause(&mut seen, &lost, "the catalog is behind")),
                    }
                }
            }
        }
    }

    fn a_minute(&self) -> Duration {
        LOOK_EVERY.mul_f64(1.0 + 0.5 * rand::random::<f64>())
    }

    fn pause(&self, seen: &mut Seen, lost: &Lost, what: &str) -> Duration {
        seen.failures = seen.failures.saturating_add(1);
        // Servers that cannot be reached are told of where they are looked for.
        match lost {
            Lost::Refused(_, why) => tracing::warn!("{what}: {why}"),
            Lost::Nobody(_) | Lost::Midway(_) => tracing::debug!("{what}: {lost}"),
        }
        let longest = if matches!(lost, Lost::Refused(..)) { RETRY_MAX } else { RETRY * 2 };
        (RETRY * seen.failures.min(64)).min(longest).mul_f64(0.75 + 0.5 * rand::random::<f64>())
    }

    async fn news(&self, index: u64) -> Result<Rows, Lost> {
        let ask = Ask { node: self.node.name.clone(), index };
        self.servers.ask(NODE_ROWS, &ask, &self.acl.agent_token(), NEWS_MAX).await
    }

    /// Looks at the difference and does something about it; whether there was one.
    async fn look(&self, seen: &mut Seen) -> Result<bool, Lost> {
        let Some(remote) = &seen.remote else { return Ok(false) };
        let now = Instant::now();
        let local = self.local();
        let due = seen.outputs.iter().filter(|(_, at)| **at <= now).map(|(check, _)| check.clone()).collect();
        let Plan { writes, outputs, adopted } = plan(&local, remote, &due);
        seen.outputs.retain(|check, _| outputs.contains(check));
        for check in outputs {
            let later = self.output_every.read().mul_f64(0.5 + 0.5 * rand::random::<f64>());
            seen.outputs.entry(check).or_insert(now + later);
        }
        for service in adopted {
            self.adopt(service).await;
        }
        if writes.is_empty() {
            return Ok(false);
        }
        let mut refused = None;
        for (token, commands) in self.bundles(writes) {
            tracing::debug!(writes = commands.len(), "the catalog is brought up to date");
            let question = Apply { node: self.node.name.clone(), commands };
            let written: Written = self.servers.ask(APPLY, &question, &token, WRITE_MAX).await?;
            refused = refused.or(written.outcomes.into_iter().flatten().next());
            seen.remote = Some(match written.rows {
                Some(rows) => rows,
                None => self.news(0).await?,
            });
        }
        match refused {
            None => Ok(true),
            Some(why) => Err(Lost::Refused(http::StatusCode::FORBIDDEN, why)),
        }
    }

    fn local(&self) -> Local {
        let state = self.store.current();
        let view = StateView::new(&state);
        let (services, checks) = (view.node_services(&self.node.name), view.node_checks(&self.node.name));
        Local {
            // A reload changes what it says of itself.
            node: view.node(&self.node.name).map_or_else(|| (*self.node).clone(), |node| (*node.value).clone()),
            services: services.into_iter().map(|service| (service.value.id.clone(), service.value)).collect(),
            checks: checks.into_iter().map(|check| (check.value.id.clone(), check.value)).collect(),
        }
    }

    /// Writes in their order, those with the same token together.
    fn bundles(&self, writes: Vec<Write>) -> Vec<(Secret, Vec<Command>)> {
        let mut bundles: Vec<(Secret, Vec<Command>)> = Vec::new();
        for Write { owner, command } in writes {
            let token = owner.map_or_else(|| self.acl.agent_token(), |owner| self.tokens.shown(&owner, &self.acl));
            match bundles.last_mut().filter(|(last, commands)| *last == token && commands.len() < TOGETHER) {
                Some((_, commands)) => commands.push(command),
                None => bundles.push((token, vec![command])),
            }
        }
        bundles
    }

    /// Takes over what the catalog says of a service.
    async fn adopt(&self, service: Service) {
        let services = vec![ServiceRegistration { service, ..ServiceRegistration::default() }];
        let node = (*self.node).clone();
        let registration = Registration { node, skip_node_update: true, services, ..Registration::default() };
        if let Err(error) = self.store.propose(Command::Register(Box::new(registration))).await {
            tracing::warn!(%error, "tags of the catalog could not be taken over");
        }
    }
}
