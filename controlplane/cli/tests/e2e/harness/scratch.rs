//! A test's folder, and its turn on the machine.

use std::path::Path;

use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};

const TURNS: u32 = 2;
static MACHINE: Semaphore = Semaphore::const_new(TURNS as usize);

/// How much of the machine a test needs.
#[derive(Clone, Copy)]
pub(crate) enum Load {
    /// May run beside another one.
    Shared,
    /// Measures time: runs alone.
    Quiet,
}

/// A folder that goes with the test, and the right to run processes while it lives.
pub(crate) struct Scratch {
    dir: TempDir,
    _turn: SemaphorePermit<'static>,
}

impl Scratch {
    pub(crate) async fn new(load: Load) -> Self {
        let turns = match load {
            Load::Shared => 1,
            Load::Quiet => TURNS,
        };
        let turn = MACHINE.acquire_many(turns).await.unwrap();
        Self { dir: tempfile::Builder::new().prefix("weft-e2e-").tempdir().unwrap(), _turn: turn }
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }
}
