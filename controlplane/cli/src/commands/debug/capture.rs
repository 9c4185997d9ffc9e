//! What is gathered, as files of one directory that nobody else can read.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::client::Client;
use crate::failure::{Context, Failure, plain_io};
use crate::output;

/// The directory, while it is filled.
pub(super) struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Makes it; one that is there already belongs to somebody else.
    pub(super) fn new(path: PathBuf) -> Result<Self, String> {
        if path.exists() || super::archive::file(&path).exists() {
            return Err(format!("output directory already exists: {}", path.display()));
        }
        DirBuilder::new()
            .mode(0o700)
            .create(&path)
            .map_err(|error| format!("{}: {}", path.display(), plain_io(&error)))?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes one file.
    pub(super) fn json(&self, name: &str, value: &Value) -> Result<(), Failure> {
        let written = self.create(name).and_then(|mut file| {
            io::Write::write_all(&mut file, format!("{}\n", output::json_text(value, "\t")).as_bytes())
        });
        written.map_err(|error| Failure::new(plain_io(&error))).context(name)
    }

    /// Asks, and keeps the answer. What goes wrong is told and kept in its place.
    pub(super) async fn answer(&self, client: &Client, path: &str, name: &str) {
        let kept = match client.get(path).fetch().await {
            Ok(answer) => self.json(name, &answer),
            Err(error) => {
                eprintln!("{name}: {error}");
                self.json(name, &serde_json::json!({"Error": error.to_string()}))
            }
        };
        if let Err(failure) = kept {
            eprintln!("{failure}");
        }
    }

    /// Follows the log for as long as it is polled.
    pub(super) async fn log(&self, client: &Client) {
        let mut file = match self.create("weft.log") {
            Ok(file) => file,
            Err(error) => return eprintln!("weft.log: {}", plain_io(&error)),
        };
        if let Err(error) = client.get("/v1/agent/monitor").param("loglevel", "debug").follow(&mut file).await {
            eprintln!("weft.log: {error}");
        }
    }

    fn create(&self, name: &str) -> io::Result<File> {
        let path = self.path.join(name);
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        }
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
    }
}

/// Takes a directory away that has become an archive.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    fs::remove_dir_all(path)
}
