//! A disk in memory, with what a power cut, a full disk and a failing one do.
//!
//! ```text
//! write ─> visible + tail ── sync ──> safe         power cut: safe + some first part of the tail
//!                        └ hand over               end of the process: what was handed over
//! ```

mod files;
mod platter;
mod records;

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use weft_raft::StartError;
use weft_raft::disk::{Disk, Files, Records};

use files::SimFiles;
pub(crate) use platter::{Area, Crash, HEALTHY, Platter};
use records::SimRecords;

/// One server's disk, for as long as one run of the server has it.
pub(crate) struct SimDisk {
    platter: Arc<Mutex<Platter>>,
    boot: u64,
}

impl SimDisk {
    /// The disk for the next run of the server. Whoever had it before loses it.
    pub(crate) fn boot(platter: &Arc<Mutex<Platter>>) -> Arc<Self> {
        let boot = platter.lock().boot();
        Arc::new(Self { platter: Arc::clone(platter), boot })
    }

    /// Which run of the server this is.
    pub(crate) fn number(&self) -> u64 {
        self.boot
    }

    fn files(&self, area: Area, place: &str) -> Arc<dyn Files> {
        Arc::new(SimFiles::new(Arc::clone(&self.platter), self.boot, area, PathBuf::from(place)))
    }
}

impl Disk for SimDisk {
    fn records(&self) -> Result<Arc<dyn Records>, StartError> {
        Ok(Arc::new(SimRecords::new(Arc::clone(&self.platter), self.boot)))
    }

    fn notes(&self) -> Arc<dyn Files> {
        self.files(Area::Notes, "raft")
    }

    fn snapshots(&self) -> Arc<dyn Files> {
        self.files(Area::Snapshots, "snapshots")
    }

    fn is_durable(&self) -> bool {
        true
    }

    fn freed(&self) -> CancellationToken {
        let token = CancellationToken::new();
        token.cancel();
        token
    }
}
