//! What is on a disk, and what becomes of it in a crash.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use weft_raft::disk::{Batch, Change};

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    /// The process: what the operating system had stays.
    Kill,
    /// The machine: what was not synced may be gone.
    PowerCut,
}

/// One of the directories.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Area {
    Notes,
    Snapshots,
}

/// Entries and notes.
#[derive(Clone, Default)]
pub(super) struct Table {
    pub(super) notes: HashMap<String, Vec<u8>>,
    pub(super) entries: BTreeMap<u64, Vec<u8>>,
}

/// A file's content and how much of it is safe.
#[derive(Clone)]
pub(super) struct File {
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) safe: usize,
}

/// A disk.
pub(crate) struct Platter {
    server: u64,
    dice: SmallRng,
    /// Which run of the server has it.
    boot: u64,
    running: bool,
    pub(super) visible: Table,
    safe: Table,
    tail: Vec<Batch>,
    handed: usize,
    pub(super) files: BTreeMap<(Area, String), File>,
    /// The next sync fails.
    pub(crate) fail_sync: bool,
    /// Nothing more fits.
    pub(crate) full: bool,
    /// How long a sync takes at most, in milliseconds.
    pub(crate) slowness: u64,
    /// An error was given out in this run: the server has to end.
    failed: bool,
    /// One was given out to the log: nothing may be written to it after that. A file that could not be written takes
    /// nothing back that was told.
    log_failed: bool,
    /// How often something was written all the same.
    pub(crate) went_on: u64,
    /// Batches that a power cut took back.
    pub(crate) lost: u64,
}

/// How long a sync of a healthy disk takes at most, in milliseconds.
pub(crate) const HEALTHY: u64 = 4;

impl Platter {
    pub(crate) fn new(server: u64, seed: u64) -> Self {
        Self {
            server,
            dice: SmallRng::seed_from_u64(seed),
            boot: 0,
            running: false,
            visible: Table::default(),
            safe: Table::default(),
            tail: Vec::new(),
            handed: 0,
            files: BTreeMap::new(),
            fail_sync: false,
            full: false,
            slowness: HEALTHY,
            failed: false,
            log_failed: false,
            went_on: 0,
            lost: 0,
        }
    }

    pub(super) fn boot(&mut self) -> u64 {
        self.boot += 1;
        self.running = true;
        (self.failed, self.log_failed) = (false, false);
        self.boot
    }

    /// Whether a fault was injected in this run, of which the server has to end.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed
    }

    /// The encoded entry at an index, as the running server sees it.
    pub(crate) fn entry(&self, index: u64) -> Option<&[u8]> {
        self.visible.entries.get(&index).map(Vec::as_slice)
    }

    /// The server ends. What it has not made safe may be lost.
    pub(crate) fn crash(&mut self, crash: Crash) {
        self.running = false;
        let kept = match crash {
            Crash::Kill => self.handed,
            Crash::PowerCut => self.dice.random_range(0..=self.tail.len()),
        };
        if crash == Crash::PowerCut {
            self.lost += (self.tail.len() - kept) as u64;
        }
        self.tail.truncate(kept);
        self.handed = self.tail.len();
        if crash == Crash::PowerCut {
            self.settle();
            self.tear_files();
        }
        self.visible = self.safe.clone();
        for batch in &self.tail {
            self.visible.apply(batch);
        }
    }

    fn tear_files(&mut self) {
        for file in self.files.values_mut() {
            let kept = self.dice.random_range(file.safe..=file.bytes.len());
            if kept < file.bytes.len() {
                file.bytes = Arc::new(file.bytes[..kept].to_vec());
            }
            file.safe = kept;
        }
    }

    /// Everything that was written is safe.
    fn settle(&mut self) {
        for batch in self.tail.drain(..) {
            self.safe.apply(&batch);
        }
        self.handed = 0;
    }

    /// Whether this run still has the disk.
    pub(super) fn check(&self, boot: u64) -> io::Result<()> {
        if self.running && self.boot == boot {
            return Ok(());
        }
        Err(io::Error::other(format!("simulated: server {} has crashed", self.server)))
    }

    /// Fails when there is no room.
    pub(super) fn take_room(&mut self) -> io::Result<()> {
        if !self.full {
            return Ok(());
        }
        self.failed = true;
        Err(io::Error::new(
            io::ErrorKind::StorageFull,
            format!("simulated: the disk of server {} is full", self.server),
        ))
    }

    pub(super) fn write(&mut self, batch: Batch) -> io::Result<()> {
        self.note_going_on();
        self.take_room().inspect_err(|_| self.log_failed = true)?;
        self.visible.apply(&batch);
        self.tail.push(batch);
        Ok(())
    }

    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        self.handed = self.tail.len();
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.note_going_on();
        if !self.fail_sync {
            self.settle();
            return Ok(());
        }
        self.fail_sync = false;
        (self.failed, self.log_failed) = (true, true);
        // The kernel has dropped what it could not write, and will say no more about it.
        let kept = self.dice.random_range(0..=self.tail.len());
        self.tail.truncate(kept);
        self.settle();
        Err(io::Error::other(format!("simulated: a sync of server {} failed", self.server)))
    }

    pub(super) fn latency(&mut self) -> Duration {
        Duration::from_millis(self.dice.random_range(0..=self.slowness))
    }

    fn note_going_on(&mut self) {
        if self.log_failed {
            self.went_on += 1;
        }
    }
}

impl Table {
    fn apply(&mut self, batch: &Batch) {
        for change in batch.changes() {
            match change {
                Change::Note(name, bytes) => {
                    self.notes.insert((*name).to_owned(), bytes.clone());
                }
                Change::Entry(index, bytes) => {
                    self.entries.insert(*index, bytes.clone());
                }
                Change::Remove(range) => {
                    let mut after = self.entries.split_off(&range.start);
                    if range.end < u64::MAX {
                        self.entries.append(&mut after.split_off(&range.end));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_that_range_alone() {
        let entries = (0..10).map(|index| (index, vec![])).collect();
        let mut table = Table { entries, ..Table::default() };
        let batch = |_| Batch::of([Change::Remove(3..5), Change::Remove(8..u64::MAX)]);
        table.apply(&batch(()));
        assert_eq!(table.entries.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 5, 6, 7]);
    }

    #[test]
    fn writing_on_counts_when_the_log_has_failed_and_not_when_a_file_has() {
        let batch = || Batch::of([Change::Entry(0, vec![])]);
        let mut platter = Platter::new(1, 0);
        platter.boot();
        platter.full = true;
        platter.take_room().unwrap_err();
        assert!(platter.has_failed());
        platter.write(batch()).unwrap_err();
        assert_eq!(platter.went_on, 0);
        platter.full = false;
        platter.write(batch()).unwrap();
        assert_eq!(platter.went_on, 1);
    }

    #[test]
    fn a_power_cut_takes_only_what_was_not_synced_and_always_the_end_of_it() {
        let mut lost = 0;
        for seed in 0..50 {
            let mut platter = Platter::new(1, seed);
            platter.boot();
            for index in 0..10 {
                platter.write(Batch::of([Change::Entry(index, vec![])])).unwrap();
                if index == 4 {
                    platter.sync().unwrap();
                }
            }
            platter.crash(Crash::PowerCut);
            let kept: Vec<_> = platter.visible.entries.keys().copied().collect();
            assert!(kept.len() >= 5);
            assert_eq!(kept, (0..kept.len() as u64).collect::<Vec<_>>());
            lost += 10 - kept.len();
        }
        assert!(lost > 50, "{lost}");
    }
}
