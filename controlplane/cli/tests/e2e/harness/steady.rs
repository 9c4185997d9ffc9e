//! Calls that go on in the background while a test changes something, each judged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::call::{self, Http1};

/// A call for each worker this often.
const PACE: Duration = Duration::from_millis(5);
const WORKERS: usize = 4;

/// Running callers.
pub(crate) struct Steady {
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<Tally>>,
}

/// What became of the calls.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Answered calls by the first word of the answer: the instance.
    pub(crate) answered: BTreeMap<String, usize>,
    pub(crate) failed: Vec<String>,
}

impl Tally {
    pub(crate) fn total(&self) -> usize {
        self.answered.values().sum::<usize>() + self.failed.len()
    }

    /// Not one failed, and there were enough for that to mean something.
    pub(crate) fn assert_none_failed(&self, at_least: usize) {
        assert!(self.failed.is_empty(), "{} of {} calls failed: {:?}", self.failed.len(), self.total(), self.failed);
        assert!(self.total() >= at_least, "only {} calls were made", self.total());
    }

    fn note(&mut self, result: Result<String, String>) {
        match result {
            Ok(text) => {
                let instance = text.split(' ').next().unwrap_or_default().to_owned();
                *self.answered.entry(instance).or_default() += 1;
            }
            Err(reason) => self.failed.push(reason),
        }
    }
}

impl Steady {
    /// TCP calls, each on a connection of its own.
    pub(crate) fn tcp(port: u16) -> Self {
        Self::start(|_| Caller::Tcp(port))
    }

    /// HTTP calls: half of the workers keep their connection, the others open one for each call.
    pub(crate) fn http(port: u16) -> Self {
        Self::start(|worker| Caller::Http { kept: Http1::to(port), keeps: worker % 2 == 0 })
    }

    fn start(caller: impl Fn(usize) -> Caller) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let work = |worker| tokio::spawn(work(caller(worker), Arc::clone(&stop)));
        let workers = (0..WORKERS).map(work).collect();
        Self { stop, workers }
    }

    /// Lets the calls under way end, and counts.
    pub(crate) async fn end(self) -> Tally {
        self.stop.store(true, Ordering::SeqCst);
        let mut sum = Tally::default();
        for worker in self.workers {
            let tally = worker.await.unwrap();
            sum.failed.extend(tally.failed);
            for (instance, count) in tally.answered {
                *sum.answered.entry(instance).or_default() += count;
            }
        }
        sum
    }
}

enum Caller {
    Tcp(u16),
    Http { kept: Http1, keeps: bool },
}

impl Caller {
    async fn call(&mut self) -> Result<String, String> {
        match self {
            Self::Tcp(port) => call::tcp(*port).await,
            Self::Http { kept, keeps } => {
                if !*keeps {
                    kept.close();
                }
                let reply = kept.get("/").await?;
                if reply.status == 200 { Ok(reply.text()) } else { Err(format!("{} {}", reply.status, reply.text())) }
            }
        }
    }
}

async fn work(mut caller: Caller, stop: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let mut pace = tokio::time::interval(PACE);
    while !stop.load(Ordering::SeqCst) {
        pace.tick().await;
        tally.note(caller.call().await);
    }
    tally
}
