//! The log's records on a simulated disk.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use weft_raft::disk::{Batch, Records};

use super::Platter;

pub(super) struct SimRecords {
    platter: Arc<Mutex<Platter>>,
    boot: u64,
}

impl SimRecords {
    pub(super) fn new(platter: Arc<Mutex<Platter>>, boot: u64) -> Self {
        Self { platter, boot }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Platter) -> io::Result<T>) -> io::Result<T> {
        let mut platter = self.platter.lock();
        platter.check(self.boot)?;
        work(&mut platter)
    }
}

impl Records for SimRecords {
    fn place(&self) -> &Path {
        Path::new("raft/log")
    }

    fn note(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.with(|platter| Ok(platter.visible.notes.get(name).cloned()))
    }

    fn entries(&self, from: u64, to: u64, each: &mut dyn FnMut(u64, &[u8]) -> io::Result<()>) -> io::Result<()> {
        self.with(|platter| platter.visible.entries.range(from..to).try_for_each(|(index, bytes)| each(*index, bytes)))
    }

    fn write(&self, batch: Batch) -> io::Result<()> {
        self.with(|platter| platter.write(batch))
    }

    fn sync(&self) -> io::Result<()> {
        self.with(Platter::sync)
    }

    fn hand_over(&self) -> io::Result<()> {
        self.with(Platter::hand_over)
    }

    fn latency(&self) -> Duration {
        self.platter.lock().latency()
    }
}
