//! Opening what a server has kept: its disk, its log, its newest raft snapshot.

use std::path::Path;
use std::sync::Arc;

use weft_model::mutant::{Mutant, active};
use weft_state::Store;

use crate::blocking::blocking;
use crate::data_dir::DataDir;
use crate::disk::{Disk, Files, RealDisk, read_file};
use crate::error::StartError;
use crate::hashes::{DIVERGED, Hashes};
use crate::log_store::{Durability, LogStore, text};
use crate::machine::Machine;
use crate::progress::Progress;
use crate::snapshot::{Folder, LogBounds};

/// What was found on the disk.
pub(crate) struct Opened {
    pub(crate) log: LogStore,
    pub(crate) snapshots: Arc<Folder>,
    pub(crate) machine: Machine,
    pub(crate) hashes: Arc<Hashes>,
}

/// Takes a data directory, or a temporary one. Blocks.
pub(crate) fn disk(data_dir: Option<&Path>, node_id: u64) -> Result<Arc<dyn Disk>, StartError> {
    let (dir, durability) = match data_dir {
        Some(path) => (DataDir::open(path, node_id)?, Durability::Synced),
        None => (DataDir::temporary(node_id)?, Durability::Volatile),
    };
    Ok(Arc::new(RealDisk::new(Arc::new(dir), durability)))
}

/// Recovers the log and the state.
pub(crate) async fn open(
    disk: Arc<dyn Disk>,
    store: Arc<Store>,
    progress: Arc<Progress>,
) -> Result<Opened, StartError> {
    // The log's writer in a simulation is a task, and wants to be begun on the runtime.
    let opened = blocking(move || Ok(open_blocking(&*disk, store, progress))).await;
    opened.map_err(|error| StartError::Raft(error.to_string()))?
}

fn open_blocking(disk: &dyn Disk, store: Arc<Store>, progress: Arc<Progress>) -> Result<Opened, StartError> {
    refuse_diverged(&*disk.notes())?;
    let log = LogStore::open(disk, Arc::clone(&progress))?;
    let (last, purged) = log.ends();
    let files = disk.snapshots();
    let place = files.place().to_owned();
    let (folder, start) = Folder::open(files, LogBounds { purged, last })?;
    let base = start.as_ref().and_then(|(meta, _)| meta.last_log_id);
    if log.committed() > last.max(base) && !active(Mutant::M19) {
        let (committed, ends) = (text(log.committed()), text(last.max(base)));
        let why = format!("entry {committed} was committed, log and raft snapshots end at {ends}");
        return Err(StartError::damaged(&place, why));
    }
    let snapshots = Arc::new(folder);
    let hashes = Hashes::new(disk.notes());
    let machine = Machine::new(store, Arc::clone(&snapshots), start, progress, Arc::clone(&hashes));
    Ok(Opened { log, snapshots, machine, hashes })
}

/// What this server would serve once differed from what the others did.
fn refuse_diverged(notes: &dyn Files) -> Result<(), StartError> {
    let path = notes.place().join(DIVERGED);
    match read_file(notes, DIVERGED).map_err(StartError::io(&path))? {
        Some(text) => Err(StartError::damaged(&path, String::from_utf8_lossy(&text).trim_end())),
        None => Ok(()),
    }
}
