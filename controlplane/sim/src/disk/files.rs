//! Files on a simulated disk. Names are durable at once; content is when it was synced.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use weft_raft::disk::{Blob, Draft, Files};

use super::platter::File;
use super::{Area, Platter};

#[derive(Clone)]
pub(super) struct SimFiles {
    platter: Arc<Mutex<Platter>>,
    boot: u64,
    area: Area,
    place: PathBuf,
}

impl SimFiles {
    pub(super) fn new(platter: Arc<Mutex<Platter>>, boot: u64, area: Area, place: PathBuf) -> Self {
        Self { platter, boot, area, place }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Platter) -> io::Result<T>) -> io::Result<T> {
        let mut platter = self.platter.lock();
        platter.check(self.boot)?;
        work(&mut platter)
    }

    fn key(&self, name: &str) -> (Area, String) {
        (self.area, name.to_owned())
    }
}

impl Files for SimFiles {
    fn place(&self) -> &Path {
        &self.place
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.with(|platter| {
            let names = platter.files.keys().filter(|(area, _)| *area == self.area);
            Ok(names.map(|(_, name)| name.clone()).collect())
        })
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn Blob>> {
        self.with(|platter| match platter.files.get(&self.key(name)) {
            Some(file) => Ok(Box::new(Content(Arc::clone(&file.bytes))) as Box<dyn Blob>),
            None => Err(io::ErrorKind::NotFound.into()),
        })
    }

    fn draft(&self, name: &str) -> io::Result<Box<dyn Draft>> {
        self.with(|_| {
            Ok(Box::new(Unfinished { files: self.clone(), name: name.to_owned(), bytes: vec![], safe: 0 }) as _)
        })
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|platter| {
            let file = platter.files.remove(&self.key(from)).ok_or(io::ErrorKind::NotFound)?;
            platter.files.insert(self.key(to), file);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.with(|platter| platter.files.remove(&self.key(name)).map(drop).ok_or(io::ErrorKind::NotFound.into()))
    }
}

struct Unfinished {
    files: SimFiles,
    name: String,
    bytes: Vec<u8>,
    safe: usize,
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.files.with(Platter::take_room)?;
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Draft for Unfinished {
    fn sync(&mut self) -> io::Result<()> {
        self.files.with(|_| Ok(()))?;
        self.safe = self.bytes.len();
        Ok(())
    }

    fn keep(self: Box<Self>) -> io::Result<()> {
        let file = File { bytes: Arc::new(self.bytes), safe: self.safe };
        let key = self.files.key(&self.name);
        self.files.with(|platter| {
            platter.files.insert(key, file);
            Ok(())
        })
    }

    fn into_blob(self: Box<Self>) -> io::Result<Box<dyn Blob>> {
        Ok(Box::new(Content(Arc::new(self.bytes))))
    }
}

#[derive(Debug)]
struct Content(Arc<Vec<u8>>);

impl Blob for Content {
    fn length(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = self.0.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }
}
