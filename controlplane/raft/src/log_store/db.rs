//! RocksDB: how it is opened, and the reads and writes that the log needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rocksdb::{
    ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode, ErrorKind, IteratorMode, LogLevel,
    Options, ReadOptions, WriteBatch, WriteOptions,
};
use serde::de::DeserializeOwned;

use super::codec;
use crate::data_dir::{DataDir, sync_dir, sync_parent};
use crate::error::StartError;

const META: &str = "meta";
const LOGS: &str = "logs";

/// Whether an acknowledged write has to survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing counts before it is on the disk.
    Synced,
    /// For a server that keeps nothing: no syncs.
    Volatile,
}

/// An entry as it is stored: key and value.
pub(super) type Stored = (Box<[u8]>, Box<[u8]>);

/// The open database, with the directory that it lies in.
pub(super) struct Db {
    rocks: DB,
    durability: Durability,
    path: PathBuf,
    // After `rocks`: fields drop in order, and the lock may go only when the database is closed.
    dir: Arc<DataDir>,
}

impl Db {
    pub(super) fn open(dir: Arc<DataDir>, durability: Durability) -> Result<Self, StartError> {
        let path = dir.log();
        if dir.watermark().exists() {
            refuse_missing_wal(&path)?;
        }
        let families = [META, LOGS].map(|name| ColumnFamilyDescriptor::new(name, family_options()));
        let rocks = DB::open_cf_descriptors(&options(), &path, families).map_err(|error| refusal(&path, error))?;
        // The new write-ahead log must be found again before anything in it counts.
        sync_dir(&path).and_then(|()| sync_parent(&path)).map_err(StartError::io(&path))?;
        Ok(Self { rocks, durability, path, dir })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn dir(&self) -> &DataDir {
        &self.dir
    }

    pub(super) fn meta(&self) -> &ColumnFamily {
        self.rocks.cf_handle(META).expect("opened with this family")
    }

    pub(super) fn logs(&self) -> &ColumnFamily {
        self.rocks.cf_handle(LOGS).expect("opened with this family")
    }

    pub(super) fn is_durable(&self) -> bool {
        self.durability == Durability::Synced
    }

    /// Puts a batch into the memory of RocksDB and of its write-ahead log: nothing is safe yet.
    pub(super) fn write(&self, batch: WriteBatch) -> io::Result<()> {
        self.rocks.write_opt(batch, &WriteOptions::default()).map_err(other)
    }

    /// Makes everything that was written safe. Whether it did cost a sync is the answer.
    pub(super) fn sync(&self) -> io::Result<bool> {
        if self.is_durable() {
            self.rocks.flush_wal(true).map_err(other)?;
        }
        Ok(self.is_durable())
    }

    /// Hands everything that was written to the operating system, to survive our own end.
    pub(super) fn hand_over(&self) -> io::Result<()> {
        self.rocks.flush_wal(false).map_err(other)
    }

    pub(super) fn record<T: DeserializeOwned>(&self, name: &str) -> io::Result<Option<T>> {
        let bytes = self.rocks.get_pinned_cf(self.meta(), name).map_err(other)?;
        bytes.map(|bytes| codec::decode_record(name, &bytes)).transpose()
    }

    /// The stored entries from `start` on, in order.
    pub(super) fn entries(&self, start: u64) -> impl Iterator<Item = io::Result<Stored>> + '_ {
        let mut read = ReadOptions::default();
        read.set_iterate_lower_bound(codec::key(start));
        read.fill_cache(false);
        self.rocks.iterator_cf_opt(self.logs(), read, IteratorMode::Start).map(|item| item.map_err(other))
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_paranoid_checks(true);
    // The writer says when the write-ahead log goes to the disk: once for all that wait.
    options.set_manual_wal_flush(true);
    // RocksDB's default stops at the first bad record and opens without a word, which would drop
    // acknowledged entries. This mode forgives only a record cut short at the end, which a crash
    // leaves and which nobody was told of; anything else refuses to open.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_track_and_verify_wals_in_manifest(true);
    options.set_max_total_wal_size(128 << 20);
    options.set_max_open_files(256);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(4);
    options.set_stats_dump_period_sec(0);
    options
}

fn family_options() -> Options {
    let mut options = Options::default();
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(32 << 20);
    options
}

/// RocksDB always keeps a write-ahead log once it was open, but opens without one, as if nothing had
/// been written.
fn refuse_missing_wal(path: &Path) -> Result<(), StartError> {
    let files = fs::read_dir(path).map_err(StartError::io(path))?;
    let has_wal = files.filter_map(Result::ok).any(|file| file.path().extension().is_some_and(|ext| ext == "log"));
    if has_wal { Ok(()) } else { Err(StartError::damaged(path, "its write-ahead log is missing")) }
}

fn refusal(path: &Path, error: rocksdb::Error) -> StartError {
    if error.kind() == ErrorKind::IOError {
        return StartError::io(path)(other(error));
    }
    StartError::damaged(path, error.into_string())
}

fn other(error: rocksdb::Error) -> io::Error {
    io::Error::other(error.into_string())
}
