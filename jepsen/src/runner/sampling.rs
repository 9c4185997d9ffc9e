//! A server's process from outside: what it holds, and how long the machine lets it wait.

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::cluster::Cluster;
use crate::history::Sample;

/// The pause between two syncs of our own.
const SYNC_EVERY: Duration = Duration::from_millis(500);
/// As large as what a server appends at a time.
const SYNC_BYTES: usize = 4096;

/// Syncs a small file again and again beside the servers' files: what a sync costs here when nothing is done to it.
pub(super) struct Syncs {
    last_us: Arc<AtomicU64>,
    _end: mpsc::Sender<()>,
}

impl Syncs {
    /// Begins; it ends when this is dropped.
    ///
    /// # Errors
    /// When the file or the thread cannot be made.
    pub(super) fn start(dir: &Path) -> Result<Self> {
        let mut file = File::create(dir.join("sync-probe")).context("sync-probe")?;
        let last_us = Arc::new(AtomicU64::new(0));
        let (end, ended) = mpsc::channel();
        let told = Arc::clone(&last_us);
        let probe = move || {
            while ended.recv_timeout(SYNC_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                let begin = Instant::now();
                let wrote = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(&[0x5a; SYNC_BYTES]));
                if wrote.and_then(|()| file.sync_data()).is_ok() {
                    told.store(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
                }
            }
        };
        std::thread::Builder::new().name("sync-probe".to_owned()).spawn(probe).context("sync-probe")?;
        Ok(Self { last_us, _end: end })
    }

    /// How long the last one took; `None`: none has ended yet.
    pub(super) fn last_us(&self) -> Option<u64> {
        Some(self.last_us.load(Ordering::Relaxed)).filter(|us| *us > 0)
    }
}

/// A look at a server's process, if it runs.
pub(super) fn sample(cluster: &Cluster, name: &str, tasks: Option<u64>, sync_us: Option<u64>) -> Option<Sample> {
    let (pid, boot, _) = cluster.incarnation(name)?;
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |key: &str| {
        let row = status.lines().find_map(|line| line.strip_prefix(key))?;
        row.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
    };
    let (run_ns, wait_ns) = waited(pid).unzip();
    Some(Sample {
        ns: cluster.setup.recorder.now_ns(),
        server: name.to_owned(),
        boot,
        fds: std::fs::read_dir(format!("/proc/{pid}/fd")).ok().map(|files| files.count() as u64),
        rss_bytes: field("VmRSS").map(|kib| kib << 10),
        threads: field("Threads"),
        tasks,
        disk_bytes: cluster.place(name).ok().map(|place| size(&place.data)),
        run_ns,
        wait_ns,
        sync_us,
    })
}

/// How long all threads of a process have run, and waited for a processor; `None` where the system does not count.
fn waited(pid: u32) -> Option<(u64, u64)> {
    let mut sum = (0, 0);
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let Ok(text) = std::fs::read_to_string(thread.path().join("schedstat")) else { continue };
        let mut numbers = text.split_whitespace().map_while(|word| word.parse::<u64>().ok());
        let (Some(run), Some(wait)) = (numbers.next(), numbers.next()) else { continue };
        sum = (sum.0 + run, sum.1 + wait);
    }
    (sum.0 > 0).then_some(sum)
}

fn size(dir: &Path) -> u64 {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let one = |entry: std::fs::DirEntry| {
        if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().map_or(0, |data| data.len()) }
    };
    entries.map(one).sum()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_process_that_works_is_seen_working() {
        let before = waited(std::process::id());
        let end = Instant::now() + Duration::from_millis(30);
        while Instant::now() < end {}
        let after = waited(std::process::id());
        // Where the system counts at all, it counts this.
        assert!(before.is_none() || after.unwrap().0 > before.unwrap().0);
    }

    #[test]
    fn a_sync_takes_time() {
        let dir = tempfile::tempdir().unwrap();
        let syncs = Syncs::start(dir.path()).unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while syncs.last_us().is_none() && Instant::now() < end {
            std::thread::yield_now();
        }
        assert!(syncs.last_us().is_some());
    }
}
