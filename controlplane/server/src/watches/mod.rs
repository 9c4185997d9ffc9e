//! Watches of the configuration: what happens when something in the cluster changes.
//!
//! ```text
//! watches ─> one task each ─blocking query─> this agent's own REST surface ─> command or request, with every change
//! ```
//!
//! A client agent passes the queries on to a server, like any other.

mod handler;
mod query;
mod read;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

pub use handler::Handler;
pub use query::Query;
pub(crate) use read::read;

/// The pause after a failure, and what it grows to.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Something that is looked at, and what is done when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Watch {
    pub query: Query,
    pub handler: Handler,
}

/// A watch, and the task that looks.
type Running = (Watch, AbortOnDropHandle<()>);

/// The watches of an agent. Clones are the same ones; dropping the last one ends them.
#[derive(Clone, Default)]
pub(crate) struct Watches {
    /// What they ask, once there is one.
    router: Arc<OnceLock<Router>>,
    running: Arc<Mutex<Vec<Running>>>,
}

impl Watches {
    /// From now on they can ask, and these do.
    pub(crate) fn start(&self, router: Router, watches: &[Watch]) {
        drop(self.router.set(router));
        self.set(watches);
    }

    /// Lets these run, and no others. What runs already goes on.
    pub(crate) fn set(&self, watches: &[Watch]) {
        let Some(router) = self.router.get() else { return };
        let mut running = self.running.lock();
        running.retain(|(watch, _)| watches.contains(watch));
        for watch in watches {
            if !running.iter().any(|(known, _)| known == watch) {
                let task = AbortOnDropHandle::new(tokio::spawn(run(router.clone(), watch.clone())));
                running.push((watch.clone(), task));
            }
        }
    }
}

async fn run(router: Router, watch: Watch) {
    let (mut index, mut known, mut pause) = (0, None, RETRY.0);
    loop {
        match watch.query.look(&router, index).await {
            Ok((seen, found)) => {
                pause = RETRY.0;
                // An index that goes back belongs to another state: what is there now is asked for anew.
                let moved = seen != index;
                index = if seen < index { 0 } else { seen };
                if moved && known.as_ref() != Some(&found) {
                    handle(&watch, seen, &found).await;
                    known = Some(found);
                }
            }
            Err(error) => {
                tracing::warn!("a watch of {} failed: {error}; it tries again in {pause:?}", watch.query.path);
                sleep(pause).await;
                pause = (pause * 2).min(RETRY.1);
                index = 0;
            }
        }
    }
}

async fn handle(watch: &Watch, index: u64, found: &Value) {
    if watch.handler.skips(found) {
        return;
    }
    if let Err(error) = watch.handler.run(index, found).await {
        tracing::error!("the handler of a watch of {} failed: {error}", watch.query.path);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
