//! The folder of raft snapshots: writing, choosing the one to start from, pruning.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use weft_state::State;

use super::SnapshotFile;
use super::format::{self, ReadError};
use crate::data_dir::{DataDir, sync_parent, write_synced};
use crate::error::StartError;
use crate::types::{LogId, SnapshotMeta};

/// The newest raft snapshot and one spare.
const KEPT: usize = 2;

/// What the log can give, to judge whether a raft snapshot with it makes a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogBounds {
    pub(crate) purged: Option<LogId>,
    pub(crate) last: Option<LogId>,
}

/// All raft snapshots of this server.
pub(crate) struct Folder {
    path: PathBuf,
    /// Held so that the directory stays ours while a raft snapshot is being written.
    _dir: Arc<DataDir>,
    current: Mutex<Option<(SnapshotMeta, PathBuf)>>,
}

impl Folder {
    /// Opens the folder and reads the newest raft snapshot that is whole. Damage is an error unless
    /// an older one and the log cover what the damaged one held.
    pub(crate) fn open(dir: Arc<DataDir>, log: LogBounds) -> Result<(Self, Option<(SnapshotMeta, State)>), StartError> {
        let folder = Self { path: dir.snapshots(), _dir: dir, current: Mutex::new(None) };
        folder.clear_unfinished().map_err(StartError::io(&folder.path))?;
        let mut damaged = Vec::new();
        let mut found = None;
        for file in folder.files().map_err(StartError::io(&folder.path))? {
            match folder.read(&file)? {
                Ok(snapshot) => {
                    *folder.current.lock() = Some((snapshot.0.clone(), file));
                    found = Some(snapshot);
                    break;
                }
                Err(why) => damaged.push((file, why)),
            }
        }
        let base = found.as_ref().and_then(|(meta, _)| meta.last_log_id);
        folder.check_whole(base, log, &damaged)?;
        for (file, why) in &damaged {
            tracing::warn!(file = %file.display(), why, "damaged raft snapshot set aside: an older one and the log cover it");
            fs::rename(file, file.with_extension("damaged")).map_err(StartError::io(file))?;
        }
        Ok((folder, found))
    }

    /// Writes `state` as a raft snapshot. Blocks.
    pub(crate) fn save(&self, meta: &SnapshotMeta, state: &State) -> io::Result<SnapshotFile> {
        let bytes = format::encode(meta, state).map_err(io::Error::other)?;
        self.keep(meta, &bytes)
    }

    /// Takes over a raft snapshot that came from elsewhere. Blocks.
    pub(crate) fn install(&self, meta: &SnapshotMeta, file: SnapshotFile) -> io::Result<State> {
        let bytes = file.read()?;
        let (written, state) = format::decode(&bytes).map_err(io::Error::other)?;
        if written != *meta {
            return Err(io::Error::other(format!("a raft snapshot of {written} came as one of {meta}")));
        }
        self.keep(meta, &bytes)?;
        Ok(state)
    }

    /// A file without a name, to receive a raft snapshot into. Blocks.
    pub(crate) fn receiving(&self) -> io::Result<File> {
        tempfile::tempfile_in(&self.path)
    }

    /// The newest one. Blocks.
    pub(crate) fn current(&self) -> io::Result<Option<(SnapshotMeta, SnapshotFile)>> {
        let current = self.current.lock();
        current.as_ref().map(|(meta, path)| Ok((meta.clone(), SnapshotFile(File::open(path)?)))).transpose()
    }

    fn keep(&self, meta: &SnapshotMeta, bytes: &[u8]) -> io::Result<SnapshotFile> {
        let path = self.path.join(name(meta.last_log_id));
        write_synced(&path, bytes)?;
        let file = File::open(&path)?;
        let mut current = self.current.lock();
        // One that was built in the background may be done after a newer one was installed.
        if current.as_ref().is_none_or(|(current, _)| current.last_log_id <= meta.last_log_id) {
            *current = Some((meta.clone(), path));
        }
        self.prune()?;
        Ok(SnapshotFile(file))
    }

    fn prune(&self) -> io::Result<()> {
        for file in self.files()?.iter().skip(KEPT) {
            fs::remove_file(file)?;
            sync_parent(file)?;
        }
        Ok(())
    }

    /// Removes what a crash left half written.
    fn clear_unfinished(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let file = entry?.path();
            if file.extension().is_some_and(|ext| ext == "tmp") {
                fs::remove_file(file)?;
            }
        }
        Ok(())
    }

    /// The newest first.
    fn files(&self) -> io::Result<Vec<PathBuf>> {
        let mut files =
            fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|file| index(file).is_some());
        files.sort_unstable_by(|a, b| b.cmp(a));
        Ok(files)
    }

    fn read(&self, file: &Path) -> Result<Result<(SnapshotMeta, State), String>, StartError> {
        let bytes = fs::read(file).map_err(StartError::io(file))?;
        match format::decode(&bytes) {
            Ok(snapshot) => Ok(Ok(snapshot)),
            Err(ReadError::Damaged(why)) => Ok(Err(why)),
            Err(ReadError::Format(found)) => {
                Err(StartError::Format { path: file.to_owned(), found, known: format::VERSION })
            }
        }
    }

    /// The log must go on where the raft snapshot ends, and reach what damaged ones held.
    fn check_whole(
        &self,
        base: Option<LogId>,
        log: LogBounds,
        damaged: &[(PathBuf, String)],
    ) -> Result<(), StartError> {
        let lost = damaged.iter().filter_map(|(file, _)| index(file)).max();
        let reaches = log.last.map(|last| last.index);
        if log.purged <= base && reaches >= lost {
            return Ok(());
        }
        let (path, why) = match damaged.first() {
            Some((file, why)) => (file, format!("{why}, and no older raft snapshot covers it with the log")),
            None => (&self.path, "the raft snapshot is missing that stands for the purged log entries".to_owned()),
        };
        Err(StartError::damaged(path, why))
    }
}

/// Sorts by index. The term only tells files apart.
fn name(log_id: Option<LogId>) -> String {
    let (index, term) = log_id.map_or((0, 0), |log_id| (log_id.index, log_id.leader_id.term));
    format!("{index:020}-{term:020}.snap")
}

fn index(file: &Path) -> Option<u64> {
    file.file_name()?.to_str()?.strip_suffix(".snap")?.split_once('-')?.0.parse().ok()
}
