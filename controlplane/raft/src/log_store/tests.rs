#![allow(clippy::unwrap_used)]

mod damage;
mod grouping;
mod reopen;
mod suite;

use std::ops::RangeBounds;
use std::path::Path;

use openraft::storage::{RaftLogReader, RaftLogStorageExt};

use super::*;
use crate::data_dir::DataDir;
use crate::disk::RealDisk;

fn disk(dir: &Path) -> Result<RealDisk, StartError> {
    Ok(RealDisk::new(Arc::new(DataDir::open(dir, 1)?), Durability::Synced))
}

fn open(dir: &Path) -> Result<LogStore, StartError> {
    LogStore::open(&disk(dir)?, Arc::default())
}

/// Opens a log, appends entries of term 1 and closes it.
async fn written(dir: &Path, indexes: std::ops::Range<u64>) {
    let mut log = open(dir).unwrap();
    log.blocking_append(crate::testing::entries(1, indexes)).await.unwrap();
    log.close().await.unwrap();
}

async fn indexes(log: &mut LogStore, range: impl RangeBounds<u64> + Clone + std::fmt::Debug + Send) -> Vec<u64> {
    log.try_get_log_entries(range).await.unwrap().iter().map(|entry| entry.log_id.index).collect()
}
