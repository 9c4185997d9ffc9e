//! Files in a directory of the file system.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Blob, Draft, Files};
use crate::data_dir::{DataDir, sync_dir};

/// What the names of unfinished files end with.
const UNFINISHED: &str = ".tmp";

/// A directory of a server's data directory.
pub(crate) struct Directory {
    path: PathBuf,
    /// Held so that the directory stays ours while something is being written.
    dir: Arc<DataDir>,
    drafts: AtomicU64,
}

impl Directory {
    pub(crate) fn new(dir: Arc<DataDir>, path: PathBuf) -> Self {
        Self { path, dir, drafts: AtomicU64::new(0) }
    }

    /// Removes what a crash left half written.
    pub(crate) fn clear_unfinished(&self) -> io::Result<()> {
        for name in self.list()?.iter().filter(|name| name.ends_with(UNFINISHED)) {
            fs::remove_file(self.path.join(name))?;
        }
        Ok(())
    }
}

impl Files for Directory {
    fn place(&self) -> &Path {
        &self.path
    }

    fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name()));
        Ok(names.collect::<io::Result<Vec<_>>>()?.into_iter().filter_map(|name| name.into_string().ok()).collect())
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Blob>> {
        Ok(Box::new(Opened(File::open(self.path.join(name))?)))
    }

    fn draft(&self, name: &str) -> io::Result<Box<dyn Draft>> {
        let number = self.drafts.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.path.join(format!("{name}.{number}{UNFINISHED}"));
        let file = File::options().read(true).write(true).create(true).truncate(true).open(&unfinished)?;
        let named = self.path.join(name);
        Ok(Box::new(Unfinished { file: Some(file), unfinished, named, _dir: Arc::clone(&self.dir) }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))?;
        sync_dir(&self.path)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))?;
        sync_dir(&self.path)
    }
}

struct Unfinished {
    /// Gone when it has been kept or handed out.
    file: Option<File>,
    unfinished: PathBuf,
    named: PathBuf,
    _dir: Arc<DataDir>,
}

impl Unfinished {
    fn file(&mut self) -> io::Result<&mut File> {
        self.file.as_mut().ok_or_else(|| io::Error::other("the file is finished"))
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file()?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for Unfinished {
    fn sync(&mut self) -> io::Result<()> {
        self.file()?.sync_all()
    }

    fn keep(mut self: Box<Self>) -> io::Result<()> {
        fs::rename(&self.unfinished, &self.named)?;
        self.file = None;
        self.named.parent().map_or(Ok(()), sync_dir)
    }

    fn into_blob(mut self: Box<Self>) -> io::Result<Box<dyn Blob>> {
        fs::remove_file(&self.unfinished)?;
        let file = self.file.take().ok_or_else(|| io::Error::other("the file is finished"))?;
        Ok(Box::new(Opened(file)))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if self.file.is_some()
            && let Err(error) = fs::remove_file(&self.unfinished)
        {
            tracing::debug!(%error, file = %self.unfinished.display(), "an unfinished file stays until the next start");
        }
    }
}

#[derive(Debug)]
struct Opened(File);

impl Blob for Opened {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(&self.0, buffer, offset)
    }
}
