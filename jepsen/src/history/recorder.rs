//! Writes the history while it happens. The recorder owns the run's one clock.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use super::dump::{Marker, MarkerKind};
use super::event::Event;
use super::op::Outcome;

/// A file of JSON lines that many may write to.
#[derive(Debug)]
pub struct JsonLines {
    file: Mutex<BufWriter<File>>,
}

impl JsonLines {
    /// An empty file in its folder, which is made if need be.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        }
        let file = File::create(path).with_context(|| format!("make {}", path.display()))?;
        Ok(Self { file: Mutex::new(BufWriter::new(file)) })
    }

    /// Appends one line, handed to the system at once: evidence outlives the harness.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, line: &impl Serialize) -> Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        let mut file = self.file.lock();
        file.write_all(&bytes)?;
        file.flush()?;
        Ok(())
    }
}

/// The history in the making. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    zero: Instant,
    next_op: AtomicU64,
    next_process: AtomicU64,
    history: JsonLines,
    markers: JsonLines,
    broken: Mutex<Option<String>>,
    failed: AtomicBool,
}

/// What an answer said beside its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    pub term: Option<u64>,
    pub log_index: Option<u64>,
}

/// An operation under way. Dropped without an end, it stays doubtful.
#[derive(Debug)]
#[must_use]
pub struct Pending {
    recorder: Recorder,
    index: u64,
}

impl Recorder {
    /// Starts `history.jsonl` and `markers.jsonl` in the run's folder, and the clock.
    ///
    /// # Errors
    /// When the files cannot be made.
    pub fn create(dir: &Path) -> Result<Self> {
        let shared = Shared {
            zero: Instant::now(),
            next_op: AtomicU64::new(0),
            next_process: AtomicU64::new(0),
            history: JsonLines::create(&dir.join("history.jsonl"))?,
            markers: JsonLines::create(&dir.join("markers.jsonl"))?,
            broken: Mutex::new(None),
            failed: AtomicBool::new(false),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Nanoseconds since the recorder was made. Every time of a run is read here.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        u64::try_from(self.shared.zero.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// A process id that was never used before.
    #[must_use]
    pub fn new_process(&self) -> u64 {
        self.shared.next_process.fetch_add(1, Ordering::Relaxed)
    }

    /// How many operations were invoked so far.
    #[must_use]
    pub fn invoked(&self) -> u64 {
        self.shared.next_op.load(Ordering::Relaxed)
    }

    /// Records the invocation. Call it before the first byte is sent.
    pub fn invoke(&self, process: u64, server: &str, kind: &str, key: &str, input: Value) -> Pending {
        let index = self.shared.next_op.fetch_add(1, Ordering::Relaxed);
        let event = Event::Invoke {
            index,
            process,
            kind: kind.to_owned(),
            key: key.to_owned(),
            input,
            ns: self.now_ns(),
            server: server.to_owned(),
        };
        self.keep(self.shared.history.write(&event));
        Pending { recorder: self.clone(), index }
    }

    /// Records what is no outcome: a failure of the harness, or an answer of an unknown shape.
    pub fn mark(&self, kind: MarkerKind, what: impl Into<String>) {
        if kind == MarkerKind::Harness {
            self.shared.failed.store(true, Ordering::Relaxed);
        }
        let marker = Marker { ns: self.now_ns(), kind, what: what.into(), detail: Default::default() };
        self.keep(self.shared.markers.write(&marker));
    }

    /// Whether the harness itself has failed: then load and faults should end.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.shared.failed.load(Ordering::Relaxed)
    }

    /// Why the record has a hole, if it has one. Then the run must not be judged.
    #[must_use]
    pub fn broken(&self) -> Option<String> {
        self.shared.broken.lock().clone()
    }

    fn keep(&self, written: Result<()>) {
        if let Err(error) = written {
            self.shared.broken.lock().get_or_insert_with(|| format!("{error:#}"));
        }
    }
}

impl Pending {
    /// Records the end. Call it after the last byte was read.
    pub fn end(self, outcome: Outcome, meta: Meta) {
        let event = Event::Return {
            index: self.index,
            ns: self.recorder.now_ns(),
            outcome,
            term: meta.term,
            log_index: meta.log_index,
        };
        self.recorder.keep(self.recorder.shared.history.write(&event));
    }
}
