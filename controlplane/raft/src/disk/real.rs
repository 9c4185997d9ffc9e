//! The disk of a server that runs for real: its data directory.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::{Directory, Disk, Files, Records};
use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::log_store::{Db, Durability};

pub(crate) struct RealDisk {
    dir: Arc<DataDir>,
    durability: Durability,
}

impl RealDisk {
    pub(crate) fn new(dir: Arc<DataDir>, durability: Durability) -> Self {
        Self { dir, durability }
    }

    fn directory(&self, path: std::path::PathBuf) -> Directory {
        Directory::new(Arc::clone(&self.dir), path)
    }
}

impl Disk for RealDisk {
    fn records(&self) -> Result<Arc<dyn Records>, StartError> {
        Ok(Arc::new(Db::open(Arc::clone(&self.dir), self.durability)?))
    }

    fn notes(&self) -> Arc<dyn Files> {
        Arc::new(self.directory(self.dir.notes()))
    }

    fn snapshots(&self) -> Arc<dyn Files> {
        let directory = self.directory(self.dir.snapshots());
        if let Err(error) = directory.clear_unfinished() {
            tracing::warn!(%error, "unfinished raft snapshots stay");
        }
        Arc::new(directory)
    }

    fn is_durable(&self) -> bool {
        self.durability == Durability::Synced
    }

    fn freed(&self) -> CancellationToken {
        self.dir.freed()
    }
}
