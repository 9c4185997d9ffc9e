//! A server's process from outside: what it holds, and how long the machine lets it wait.

use std::collections::BTreeMap;
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
struct Syncs {
    last_us: Arc<AtomicU64>,
    _end: mpsc::Sender<()>,
}

impl Syncs {
    /// Begins; it ends when this is dropped.
    ///
    /// # Errors
    /// When the file or the thread cannot be made.
    fn start(dir: &Path) -> Result<Self> {
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
    fn last_us(&self) -> Option<u64> {
        Some(self.last_us.load(Ordering::Relaxed)).filter(|us| *us > 0)
    }
}

/// Looks at servers' processes.
pub(super) struct Sampler {
    syncs: Syncs,
    /// By server: its boot, and what the threads of that one process have used.
    used: BTreeMap<String, (u64, Used)>,
}

impl Sampler {
    /// Begins to sync in `dir`; nothing is looked at yet.
    ///
    /// # Errors
    /// Those of [`Syncs::start`].
    pub(super) fn start(dir: &Path) -> Result<Self> {
        Ok(Self { syncs: Syncs::start(dir)?, used: BTreeMap::new() })
    }

    /// A look at a server's process, if it runs.
    pub(super) fn look(&mut self, cluster: &Cluster, name: &str, tasks: Option<u64>) -> Option<Sample> {
        let (pid, boot, _) = cluster.incarnation(name)?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let field = |key: &str| {
            let row = status.lines().find_map(|line| line.strip_prefix(key))?;
            row.trim_start_matches(':').split_whitespace().next()?.parse::<u64>().ok()
        };
        let (run_ns, wait_ns) = self.used(name, boot, pid).map(|time| (time.run_ns, time.wait_ns)).unzip();
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
            sync_us: self.syncs.last_us(),
        })
    }

    /// What all threads of a process have used since it began; `None` where the system does not count.
    fn used(&mut self, name: &str, boot: u64, pid: u32) -> Option<Time> {
        let threads = threads(pid)?;
        let (of, used) = self.used.entry(name.to_owned()).or_default();
        if *of != boot {
            (*of, *used) = (boot, Used::default());
        }
        Some(used.see(threads)).filter(|time| time.run_ns > 0)
    }
}

/// How long something has run, and waited for a processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Time {
    run_ns: u64,
    wait_ns: u64,
}

impl Time {
    fn and(self, other: Self) -> Self {
        Self { run_ns: self.run_ns + other.run_ns, wait_ns: self.wait_ns + other.wait_ns }
    }
}

/// What the threads of one process have used. It never falls: the time of a thread that has ended stays in the sum, up to
/// the last look at it.
#[derive(Default)]
struct Used {
    /// By thread id.
    running: BTreeMap<u32, Time>,
    ended: Time,
}

impl Used {
    /// The sum after a look at the threads that there are `now`.
    fn see(&mut self, now: BTreeMap<u32, Time>) -> Time {
        // An id whose time fell belongs to another thread by now.
        let gone = |id: &u32, time: &Time| now.get(id).is_none_or(|then| then.run_ns < time.run_ns);
        let ended = self.running.iter().filter(|(id, time)| gone(id, time)).map(|(_, time)| *time);
        self.ended = ended.fold(self.ended, Time::and);
        self.running = now;
        self.running.values().copied().fold(self.ended, Time::and)
    }
}

/// The threads of a process, by their ids; `None`: it has ended.
fn threads(pid: u32) -> Option<BTreeMap<u32, Time>> {
    let one = |thread: std::fs::DirEntry| {
        let id = thread.file_name().to_str()?.parse().ok()?;
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let mut numbers = text.split_whitespace().map_while(|word| word.parse::<u64>().ok());
        Some((id, Time { run_ns: numbers.next()?, wait_ns: numbers.next()? }))
    };
    Some(std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten().filter_map(one).collect())
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

    use std::process::Command;

    use super::*;

    fn time(run_ns: u64, wait_ns: u64) -> Time {
        Time { run_ns, wait_ns }
    }

    #[test]
    fn the_sum_keeps_what_ended_threads_have_used() {
        let mut used = Used::default();
        assert_eq!(used.see(BTreeMap::from([(1, time(10, 1)), (2, time(500, 20))])), time(510, 21));
        // The second has ended.
        assert_eq!(used.see(BTreeMap::from([(1, time(11, 1))])), time(511, 21));
        assert_eq!(used.see(BTreeMap::from([(1, time(12, 3)), (3, time(7, 7))])), time(519, 30));
        // Its id is used again: a younger thread.
        assert_eq!(used.see(BTreeMap::from([(1, time(12, 3)), (3, time(2, 0))])), time(521, 30));
    }

    #[test]
    fn a_process_that_works_is_seen_working() {
        // A process of its own: threads of other tests end in this one.
        let mut child = Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        let mut used = Used::default();
        let mut look = || used.see(threads(child.id()).unwrap()).run_ns;
        let (before, end) = (look(), Instant::now() + Duration::from_secs(120));
        let mut grown = false;
        while !grown && Instant::now() < end {
            std::thread::yield_now();
            grown = look() > before;
        }
        // Where the system counts at all, it counts this.
        let counts = Path::new("/proc/self/schedstat").exists();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(grown, counts);
    }

    #[test]
    fn a_sync_takes_time() {
        let dir = tempfile::tempdir().unwrap();
        let syncs = Syncs::start(dir.path()).unwrap();
        let end = Instant::now() + Duration::from_secs(120);
        while syncs.last_us().is_none() && Instant::now() < end {
            std::thread::yield_now();
        }
        assert!(syncs.last_us().is_some());
    }
}
