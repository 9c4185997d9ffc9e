//! The folder of raft snapshots: writing, choosing the one to start from, pruning.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use weft_model::failpoint;
use weft_model::mutant::{Mutant, active};
use weft_state::State;

use super::SnapshotFile;
use super::format::{self, ReadError};
use crate::disk::{Draft, Files, read_file};
use crate::error::StartError;
use crate::types::{LogId, SnapshotMeta};

/// The newest raft snapshot and one spare.
const KEPT: usize = 2;

/// How much is written to the file at once.
const PIECE: usize = 256 << 10;

/// What the log can give, to judge whether a raft snapshot with it makes a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogBounds {
    pub(crate) purged: Option<LogId>,
    pub(crate) last: Option<LogId>,
}

/// All raft snapshots of this server.
pub(crate) struct Folder {
    files: Arc<dyn Files>,
    current: Mutex<Option<(SnapshotMeta, String)>>,
}

impl Folder {
    /// Opens the folder and reads the newest raft snapshot that is whole. Damage is an error unless
    /// an older one and the log cover what the damaged one held.
    pub(crate) fn open(
        files: Arc<dyn Files>,
        log: LogBounds,
    ) -> Result<(Self, Option<(SnapshotMeta, State)>), StartError> {
        let folder = Self { files, current: Mutex::new(None) };
        let mut damaged = Vec::new();
        let mut found = None;
        for name in folder.names().map_err(StartError::io(folder.files.place()))? {
            match folder.read(&name)? {
                Ok(snapshot) => {
                    *folder.current.lock() = Some((snapshot.0.clone(), name));
                    found = Some(snapshot);
                    break;
                }
                Err(why) => damaged.push((name, why)),
            }
        }
        let base = found.as_ref().and_then(|(meta, _)| meta.last_log_id);
        folder.check_whole(base, log, &damaged)?;
        for (name, why) in &damaged {
            tracing::warn!(file = name, why, "damaged raft snapshot set aside: an older one and the log cover it");
            let aside = folder.files.rename(name, &format!("{name}.damaged"));
            aside.map_err(StartError::io(&folder.path(name)))?;
        }
        Ok((folder, found))
    }

    /// Writes `state` as a raft snapshot. Blocks.
    pub(crate) fn save(&self, meta: &SnapshotMeta, state: &State) -> io::Result<SnapshotFile> {
        failpoint::hit("snapshot.build");
        if active(Mutant::M7) {
            let mut bytes = Vec::new();
            format::write(meta, state, &mut bytes)?;
            return self.keep(meta, self.half_safe(meta, &bytes)?);
        }
        let mut draft = self.files.draft(&name(meta.last_log_id))?;
        let mut buffered = BufWriter::with_capacity(PIECE, &mut *draft);
        format::write(meta, state, &mut buffered)?;
        buffered.into_inner().map_err(io::IntoInnerError::into_error)?;
        self.keep(meta, draft)
    }

    /// Mutant M8 only: what is to be written, before it has been.
    pub(crate) fn unsaved(&self, meta: &SnapshotMeta, state: &State) -> io::Result<SnapshotFile> {
        let mut draft = self.files.draft("unsaved")?;
        format::write(meta, state, &mut draft)?;
        draft.into_blob().map(SnapshotFile)
    }

    /// Takes over a raft snapshot that came from elsewhere. Blocks.
    pub(crate) fn install(&self, meta: &SnapshotMeta, file: SnapshotFile) -> io::Result<State> {
        failpoint::hit("snapshot.install");
        let bytes = file.read()?;
        let (written, state) = format::decode(&bytes).map_err(io::Error::other)?;
        if written != *meta {
            return Err(io::Error::other(format!("a raft snapshot of {written} came as one of {meta}")));
        }
        if active(Mutant::M7) {
            self.keep(meta, self.half_safe(meta, &bytes)?)?;
            return Ok(state);
        }
        let mut draft = self.files.draft(&name(meta.last_log_id))?;
        draft.write_all(&bytes)?;
        self.keep(meta, draft)?;
        Ok(state)
    }

    /// Mutant M7 only: a file of which no more is safe than what it is a raft snapshot of.
    fn half_safe(&self, meta: &SnapshotMeta, bytes: &[u8]) -> io::Result<Box<dyn Draft>> {
        let mut draft = self.files.draft(&name(meta.last_log_id))?;
        let (head, rest) = bytes.split_at(format::head(bytes));
        draft.write_all(head)?;
        draft.sync()?;
        draft.write_all(rest)?;
        Ok(draft)
    }

    /// A file without a name, to receive a raft snapshot into. Blocks.
    pub(crate) fn receiving(&self) -> io::Result<Box<dyn Draft>> {
        self.files.draft("received")
    }

    /// The newest one. Blocks.
    pub(crate) fn current(&self) -> io::Result<Option<(SnapshotMeta, SnapshotFile)>> {
        let current = self.current.lock();
        current.as_ref().map(|(meta, name)| Ok((meta.clone(), SnapshotFile(self.files.open(name)?)))).transpose()
    }

    /// Where the newest one ends.
    pub(crate) fn last(&self) -> Option<LogId> {
        self.current.lock().as_ref().and_then(|(meta, _)| meta.last_log_id)
    }

    fn keep(&self, meta: &SnapshotMeta, mut draft: Box<dyn Draft>) -> io::Result<SnapshotFile> {
        failpoint::hit("snapshot.written");
        if !active(Mutant::M7) {
            draft.sync()?;
        }
        failpoint::hit("snapshot.synced");
        let name = name(meta.last_log_id);
        draft.keep()?;
        failpoint::hit("snapshot.named");
        let file = self.files.open(&name)?;
        {
            // Not held while files are removed: the state machine asks where the newest one ends.
            let mut current = self.current.lock();
            // One that was built in the background may be done after a newer one was installed.
            if current.as_ref().is_none_or(|(current, _)| current.last_log_id <= meta.last_log_id) {
                *current = Some((meta.clone(), name));
            }
        }
        self.prune()?;
        Ok(SnapshotFile(file))
    }

    fn prune(&self) -> io::Result<()> {
        for name in self.names()?.iter().skip(KEPT) {
            self.files.remove(name)?;
        }
        Ok(())
    }

    /// The newest first.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names = self.files.list()?;
        names.retain(|name| index(name).is_some());
        names.sort_unstable_by(|a, b| b.cmp(a));
        Ok(names)
    }

    fn read(&self, name: &str) -> Result<Result<(SnapshotMeta, State), String>, StartError> {
        let bytes = read_file(&*self.files, name).map_err(StartError::io(&self.path(name)))?;
        match format::decode(&bytes.unwrap_or_default()) {
            Ok(snapshot) => Ok(Ok(snapshot)),
            Err(ReadError::Damaged(why)) => Ok(Err(why)),
            Err(ReadError::Format(found)) => {
                Err(StartError::Format { path: self.path(name), found, known: format::VERSION })
            }
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.files.place().join(name)
    }

    /// The log must go on where the raft snapshot ends, and reach what damaged ones held.
    fn check_whole(&self, base: Option<LogId>, log: LogBounds, damaged: &[(String, String)]) -> Result<(), StartError> {
        let lost = damaged.iter().filter_map(|(name, _)| index(name)).max();
        let reaches = log.last.map(|last| last.index);
        if log.purged <= base && reaches >= lost {
            return Ok(());
        }
        let (path, why) = match damaged.first() {
            Some((name, why)) => (self.path(name), format!("{why}, and no older raft snapshot covers it with the log")),
            None => {
                let why = "the raft snapshot is missing that stands for the purged log entries";
                (self.files.place().to_owned(), why.to_owned())
            }
        };
        Err(StartError::damaged(&path, why))
    }
}

/// Sorts by index. The term only tells files apart.
fn name(log_id: Option<LogId>) -> String {
    let (index, term) = log_id.map_or((0, 0), |log_id| (log_id.index, log_id.leader_id.term));
    format!("{index:020}-{term:020}.snap")
}

fn index(name: &str) -> Option<u64> {
    name.strip_suffix(".snap")?.split_once('-')?.0.parse().ok()
}
