//! Looks at every server all the time: its own account, its process from outside, and whether it still runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::task::JoinHandle;

use super::sampling::Sampler;
use crate::cluster::Cluster;
use crate::history::{Dump, JsonLines};

const LOOK: Duration = Duration::from_millis(250);
/// A sample of the process goes with each so many looks.
const SAMPLE_EVERY: u64 = 4;

/// Starts looking. The looks end with the task.
///
/// # Errors
/// When the files cannot be made.
pub(super) fn start(cluster: &Arc<Cluster>, dir: &Path) -> Result<JoinHandle<()>> {
    std::fs::create_dir_all(dir.join("dumps"))?;
    let samples = JsonLines::create(&dir.join("samples.jsonl"))?;
    let watch = Watchman {
        cluster: Arc::clone(cluster),
        samples,
        dumps: BTreeMap::new(),
        dir: dir.join("dumps"),
        sampler: Sampler::start(dir)?,
    };
    Ok(tokio::spawn(watch.run()))
}

struct Watchman {
    cluster: Arc<Cluster>,
    samples: JsonLines,
    dumps: BTreeMap<String, JsonLines>,
    dir: std::path::PathBuf,
    sampler: Sampler,
}

impl Watchman {
    async fn run(mut self) {
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        for count in 0_u64.. {
            ticks.tick().await;
            self.cluster.reap();
            let names = self.cluster.members();
            let looks = names.iter().map(|name| look(&self.cluster, name));
            for (name, dump) in names.iter().zip(futures::future::join_all(looks).await) {
                let tasks = dump.as_ref().and_then(|dump| dump.number("Tasks"));
                if let Some(dump) = dump {
                    self.keep(name, &dump);
                }
                if count.is_multiple_of(SAMPLE_EVERY) {
                    let sample = self.sampler.look(&self.cluster, name, tasks);
                    let _ = sample.map(|sample| self.samples.write(&sample));
                }
            }
        }
    }

    fn keep(&mut self, name: &str, dump: &Dump) {
        if !self.dumps.contains_key(name)
            && let Ok(file) = JsonLines::create(&self.dir.join(format!("{name}.jsonl")))
        {
            self.dumps.insert(name.to_owned(), file);
        }
        if let Some(file) = self.dumps.get(name) {
            let _ = file.write(dump);
            self.cluster.seen(name, dump.boot);
        }
    }
}

/// What a server says of itself, if it is the same process before and after.
async fn look(cluster: &Cluster, name: &str) -> Option<Dump> {
    let (pid, boot, fresh) = cluster.incarnation(name)?;
    let view = cluster.view(name).await.filter(|view| view.body != Value::Null)?;
    let same = cluster.incarnation(name).is_some_and(|(now, ..)| now == pid);
    let ns = cluster.setup.recorder.now_ns();
    same.then(|| Dump { ns, server: name.to_owned(), boot, fresh, body: view.body })
}
