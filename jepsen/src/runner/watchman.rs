//! Looks at every server all the time: its own account, its process from outside, and whether it still runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::cluster::Cluster;
use crate::history::{Dump, JsonLines, Sample};

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
    let watch = Watchman { cluster: Arc::clone(cluster), samples, dumps: BTreeMap::new(), dir: dir.join("dumps") };
    Ok(tokio::spawn(watch.run()))
}

struct Watchman {
    cluster: Arc<Cluster>,
    samples: JsonLines,
    dumps: BTreeMap<String, JsonLines>,
    dir: std::path::PathBuf,
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
                    self.sample(name, tasks);
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
            self.cluster.seen(name);
        }
    }

    fn sample(&self, name: &str, tasks: Option<u64>) {
        let Some((pid, boot, _)) = self.cluster.incarnation(name) else { return };
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = |key: &str| {
            let row = status.lines().find_map(|line| line.strip_prefix(key))?;
            row.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
        };
        let fds = std::fs::read_dir(format!("/proc/{pid}/fd")).ok().map(|files| files.count() as u64);
        let disk_bytes = self.cluster.place(name).ok().map(|place| size(&place.data));
        let sample = Sample {
            ns: self.cluster.setup.recorder.now_ns(),
            server: name.to_owned(),
            boot,
            fds,
            rss_bytes: field("VmRSS").map(|kib| kib << 10),
            threads: field("Threads"),
            tasks,
            disk_bytes,
        };
        let _ = self.samples.write(&sample);
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

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    entries
        .map(
            |entry| {
                if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |data| data.len()) }
            },
        )
        .sum()
}
