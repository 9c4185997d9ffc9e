//! RocksDB: how it is opened, and the reads and writes that the log needs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType, DBRecoveryMode,
    DEFAULT_COLUMN_FAMILY_NAME, ErrorKind, IteratorMode, LogLevel, Options, ReadOptions, WriteBatch, WriteOptions,
};
use weft_model::mutant::{Mutant, active};

use super::{torn, watermark};
use crate::data_dir::{DataDir, sync_dir, sync_parent};
use crate::disk::{Batch, Change, Records};
use crate::error::StartError;

const META: &str = "meta";
const LOGS: &str = "logs";

/// How much of the log lies in memory before RocksDB writes a table of it.
const MEMORY: usize = 16 << 20;

/// Blocks of tables that are kept in memory, for all families together. RocksDB's own cache takes 6 MB
/// for each family before anything is in it; the entries that are read often are kept decoded elsewhere.
const CACHE: usize = 4 << 20;

/// Where write-ahead logs are let go of.
const WAL_MAX: u64 = 64 << 20;

/// Whether an acknowledged write has to survive a power cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing counts before it is on the disk.
    Synced,
    /// For a server that keeps nothing: no syncs.
    Volatile,
}

/// The open database, with the directory that it lies in.
pub(crate) struct Db {
    rocks: DB,
    durability: Durability,
    path: PathBuf,
    // After `rocks`: fields drop in order, and the lock may go only when the database is closed.
    _dir: Arc<DataDir>,
}

impl Db {
    pub(crate) fn open(dir: Arc<DataDir>, durability: Durability) -> Result<Self, StartError> {
        let path = dir.log();
        let is_known = dir.notes().join(watermark::NAME).exists();
        if is_known && !active(Mutant::M19) {
            refuse_missing(&path)?;
        }
        let family = family_options(&Cache::new_lru_cache(CACHE));
        let open = || {
            let names = [DEFAULT_COLUMN_FAMILY_NAME, META, LOGS];
            let families = names.map(|name| ColumnFamilyDescriptor::new(name, family.clone()));
            DB::open_cf_descriptors(&options(!is_known), &path, families)
        };
        let rocks = match open() {
            Err(error)
                if error.kind() == ErrorKind::Corruption && torn::mend(&path).map_err(StartError::io(&path))? =>
            {
                open()
            }
            opened => opened,
        };
        let rocks = rocks.map_err(|error| refusal(&path, error))?;
        // The new write-ahead log must be found again before anything in it counts.
        sync_dir(&path).and_then(|()| sync_parent(&path)).map_err(StartError::io(&path))?;
        Ok(Self { rocks, durability, path, _dir: dir })
    }

    fn meta(&self) -> &ColumnFamily {
        self.rocks.cf_handle(META).expect("opened with this family")
    }

    fn logs(&self) -> &ColumnFamily {
        self.rocks.cf_handle(LOGS).expect("opened with this family")
    }
}

impl Records for Db {
    fn place(&self) -> &Path {
        &self.path
    }

    fn note(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.rocks.get_cf(self.meta(), name).map_err(other)
    }

    fn entries(&self, from: u64, to: u64, each: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut read = ReadOptions::default();
        read.set_iterate_lower_bound(key(from));
        read.set_iterate_upper_bound(key(to));
        read.fill_cache(false);
        for item in self.rocks.iterator_cf_opt(self.logs(), read, IteratorMode::Start) {
            let (key, value) = item.map_err(other)?;
            each(index(&key)?, &value)?;
        }
        Ok(())
    }

    fn write(&self, batch: Batch) -> io::Result<()> {
        let mut writes = WriteBatch::default();
        let mut purged = None;
        for change in batch.changes() {
            match change {
                Change::Note(name, bytes) => writes.put_cf(self.meta(), name, bytes),
                Change::Entry(index, bytes) => writes.put_cf(self.logs(), key(*index), bytes),
                Change::Remove(range) => {
                    writes.delete_range_cf(self.logs(), key(range.start), key(range.end));
                    purged = purged.max((range.start == 0).then_some(range.end));
                }
            }
        }
        self.rocks.write_opt(writes, &WriteOptions::default()).map_err(other)?;
        match purged {
            // What is only marked as removed still takes room. The mark has to be safe first.
            Some(end) => {
                self.sync()?;
                self.rocks.delete_file_in_range_cf(self.logs(), key(0), key(end)).map_err(other)
            }
            None => Ok(()),
        }
    }

    fn sync(&self) -> io::Result<()> {
        match self.durability {
            Durability::Synced => self.rocks.flush_wal(true).map_err(other),
            Durability::Volatile => Ok(()),
        }
    }

    fn hand_over(&self) -> io::Result<()> {
        self.rocks.flush_wal(false).map_err(other)
    }
}

/// Big-endian, so that RocksDB's order is the log's.
fn key(index: u64) -> [u8; 8] {
    index.to_be_bytes()
}

fn index(key: &[u8]) -> io::Result<u64> {
    let bytes = key.try_into().map_err(|_| io::Error::other(format!("log key of {} bytes", key.len())))?;
    Ok(u64::from_be_bytes(bytes))
}

fn options(create: bool) -> Options {
    let mut options = Options::default();
    options.create_if_missing(create);
    options.create_missing_column_families(create);
    options.set_paranoid_checks(true);
    // The writer says when the write-ahead log goes to the disk: once for all that wait.
    options.set_manual_wal_flush(true);
    // RocksDB's default stops at the first bad record and opens without a word, which would drop
    // acknowledged entries. This mode forgives only a record cut short at the end, which a crash
    // leaves and which nobody was told of; anything else refuses to open.
    options.set_wal_recovery_mode(if active(Mutant::M19) {
        DBRecoveryMode::PointInTime
    } else {
        DBRecoveryMode::TolerateCorruptedTailRecords
    });
    options.set_track_and_verify_wals_in_manifest(!active(Mutant::M19));
    options.set_max_total_wal_size(WAL_MAX);
    options.set_max_open_files(256);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(4);
    options.set_stats_dump_period_sec(0);
    options
}

fn family_options(cache: &Cache) -> Options {
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(cache);
    let mut options = Options::default();
    options.set_block_based_table_factory(&tables);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(MEMORY);
    // Tables leave the first level soon, where a purge cannot remove them as a whole.
    options.set_level_zero_file_num_compaction_trigger(2);
    options.set_target_file_size_base(MEMORY as u64);
    options
}

/// RocksDB always keeps a write-ahead log once it was open, but opens without one, as if nothing had
/// been written; and it makes a new database where the pointer to the old one is missing.
fn refuse_missing(path: &Path) -> Result<(), StartError> {
    let files = fs::read_dir(path).map_err(|error| {
        let missing = error.kind() == io::ErrorKind::NotFound;
        if missing { StartError::damaged(path, "it is missing") } else { StartError::io(path)(error) }
    })?;
    let names: Vec<_> = files.filter_map(Result::ok).map(|file| file.path()).collect();
    if !names.iter().any(|file| file.extension().is_some_and(|ext| ext == "log")) {
        return Err(StartError::damaged(path, "its write-ahead log is missing"));
    }
    if !names.iter().any(|file| file.ends_with("CURRENT")) {
        return Err(StartError::damaged(path, "its file CURRENT is missing"));
    }
    Ok(())
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
