//! openraft's own tests of a log store and state machine.

use std::sync::Arc;

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use tempfile::TempDir;
use weft_state::{State, Store};

use super::super::LogStore;
use crate::disk::Disk;
use crate::hashes::Hashes;
use crate::machine::Machine;
use crate::snapshot::{Folder, LogBounds};
use crate::types::Types;

struct Builder;

impl StoreBuilder<Types, LogStore, Machine, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, LogStore, Machine), StorageError<Types>> {
        let dir = tempfile::tempdir().unwrap();
        let disk = super::disk(dir.path()).unwrap();
        let log = LogStore::open(&disk, Arc::default()).unwrap();
        let nothing = LogBounds { purged: None, last: None };
        let (folder, start) = Folder::open(disk.snapshots(), nothing).unwrap();
        let (store, _) = Store::new(State::default());
        Ok((
            dir,
            log,
            Machine::new(Arc::clone(&store), Arc::new(folder), start, Arc::default(), Hashes::new(disk.notes())),
        ))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openrafts_storage_suite_passes() {
    Suite::test_all(Builder).await.unwrap();
}
