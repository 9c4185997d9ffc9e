//! The file through which the harness speaks to the preloaded shim of one server: its clocks, its syncs, its writes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;

/// Words of `struct control` in `native/shim.c`.
const SEQUENCE: u64 = 0;
const WALL: u64 = 1;
const MONOTONIC: u64 = 4;
const SYNC_MODE: u64 = 7;
const SYNC_DELAY_US: u64 = 8;
const WRITE_ENOSPC: u64 = 9;
const SEEN: u64 = 10;
const WORDS: u64 = 16;

/// A clock of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Wall,
    Monotonic,
}

/// What syncs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syncs {
    Work,
    /// They fail with EIO.
    Fail,
    /// They do not return.
    Hang,
    /// They take so many microseconds longer.
    Slow(u64),
}

/// What the shim has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Readings of a clock that were not the true ones.
    pub bent: u64,
    pub syncs: u64,
    pub failed: u64,
    pub hung: u64,
    pub slowed: u64,
    pub refused: u64,
}

/// The control file of one server.
#[derive(Debug)]
pub struct Shim {
    file: File,
    pub path: PathBuf,
}

impl Shim {
    /// A control file that changes nothing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        let file = file.with_context(|| path.display().to_string())?;
        // Mapped whole: a page must lie behind every word.
        file.set_len(4096)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Sets a clock off by so much, running so many parts in a million too fast.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn bend(&self, clock: Clock, offset_ns: i64, rate_ppm: i64) -> Result<()> {
        let (word, id) = match clock {
            Clock::Wall => (WALL, ClockId::Realtime),
            Clock::Monotonic => (MONOTONIC, ClockId::Monotonic),
        };
        let now = clock_gettime(id);
        let anchor = now.tv_sec * 1_000_000_000 + now.tv_nsec;
        // Odd while we write: whoever reads waits for the even one.
        self.add(SEQUENCE)?;
        for (at, value) in (word..).zip([offset_ns, rate_ppm, anchor]) {
            self.file.write_all_at(&value.to_le_bytes(), at * 8)?;
        }
        self.add(SEQUENCE)
    }

    /// What syncs do from now on.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn syncs(&self, syncs: Syncs) -> Result<()> {
        let (mode, delay) = match syncs {
            Syncs::Work => (0, 0),
            Syncs::Fail => (1, 0),
            Syncs::Hang => (2, 0),
            Syncs::Slow(us) => (3, us),
        };
        self.put(SYNC_DELAY_US, delay)?;
        self.put(SYNC_MODE, mode)
    }

    /// Whether writes find the disk full.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn full(&self, full: bool) -> Result<()> {
        self.put(WRITE_ENOSPC, u64::from(full))
    }

    /// Everything is as it should be again. The monotonic clock keeps what it has gained: it never goes back.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn heal(&self) -> Result<()> {
        self.bend(Clock::Wall, 0, 0)?;
        self.bend(Clock::Monotonic, self.gained()?, 0)?;
        self.syncs(Syncs::Work)?;
        self.full(false)
    }

    /// What the shim has done since the file was made.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn seen(&self) -> Result<Seen> {
        let mut words = [0; 6];
        for (at, word) in words.iter_mut().enumerate() {
            *word = self.get(SEEN + at as u64)?;
        }
        let [bent, syncs, failed, hung, slowed, refused] = words;
        Ok(Seen { bent, syncs, failed, hung, slowed, refused })
    }

    /// By how much the monotonic clock is ahead.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn gained(&self) -> Result<i64> {
        let [offset, rate, anchor] = [0, 1, 2].map(|at| self.get(MONOTONIC + at).map(u64::cast_signed));
        let now = clock_gettime(ClockId::Monotonic);
        let ran = now.tv_sec * 1_000_000_000 + now.tv_nsec - anchor?;
        let (offset, rate) = (offset?, rate?);
        Ok(if rate == 0 { offset } else { offset + i64::try_from(i128::from(ran) * i128::from(rate) / 1_000_000)? })
    }

    fn get(&self, word: u64) -> Result<u64> {
        debug_assert!(word < WORDS);
        let mut bytes = [0; 8];
        self.file.read_exact_at(&mut bytes, word * 8)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn put(&self, word: u64, value: u64) -> Result<()> {
        Ok(self.file.write_all_at(&value.to_le_bytes(), word * 8)?)
    }

    fn add(&self, word: u64) -> Result<()> {
        self.put(word, self.get(word)? + 1)
    }
}
