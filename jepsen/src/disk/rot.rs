//! Damage to the files of a stopped server.
//!
//! What kind of file it is is told by RocksDB's names (`*.log` is the write-ahead log, `*.sst`, `MANIFEST-*`, `CURRENT`) and by
//! our own for raft snapshots.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use rand::{Rng, RngExt};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Wal,
    Table,
    Manifest,
    Current,
    Snapshot,
}

/// All kinds.
pub const KINDS: [Kind; 5] = [Kind::Wal, Kind::Table, Kind::Manifest, Kind::Current, Kind::Snapshot];

/// How it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// One bit is another.
    Flip,
    /// A block holds what another block holds.
    Copied,
    /// The end is missing.
    Truncated,
    /// The file is missing.
    Removed,
}

/// All ways.
pub const DAMAGES: [Damage; 4] = [Damage::Flip, Damage::Copied, Damage::Truncated, Damage::Removed];

/// The files of a kind below a folder, oldest first.
#[must_use]
pub fn files(dir: &Path, kind: Kind) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(dir, kind, &mut found);
    found.sort();
    found
}

fn collect(dir: &Path, kind: Kind, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, kind, found);
        } else if is(&path, kind) && fs::metadata(&path).is_ok_and(|data| data.len() > 0) {
            found.push(path);
        }
    }
}

fn is(path: &Path, kind: Kind) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or_default();
    match kind {
        Kind::Wal => extension == "log" && name.trim_end_matches(".log").chars().all(|char| char.is_ascii_digit()),
        Kind::Table => extension == "sst",
        Kind::Manifest => name.starts_with("MANIFEST-"),
        Kind::Current => name == "CURRENT",
        Kind::Snapshot => {
            path.parent().is_some_and(|parent| parent.to_string_lossy().contains("snapshot")) && extension != "tmp"
        }
    }
}

/// Damages one file; tells what was done, or `None` when that would change nothing.
///
/// # Errors
/// When the file cannot be read or written.
pub fn damage(path: &Path, how: Damage, rng: &mut impl Rng) -> Result<Option<String>> {
    let file = OpenOptions::new().read(true).write(true).open(path).with_context(|| path.display().to_string())?;
    let len = file.metadata()?.len();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The last part is left alone: damage there may look like a write that never ended, which is another fault.
    let body = len * 3 / 4;
    match how {
        Damage::Flip if body > 0 => {
            let at = rng.random_range(0..body);
            let mut byte = [0];
            file.read_exact_at(&mut byte, at)?;
            byte[0] ^= 1 << rng.random_range(0..8);
            file.write_all_at(&byte, at)?;
            Ok(Some(format!("{name}: a bit at {at} of {len}")))
        }
        Damage::Copied if body >= 128 => {
            let size = (body / 4).min(512);
            let (from, to) = (rng.random_range(0..body - size), rng.random_range(0..body - size));
            let (mut new, mut old) = (vec![0; usize::try_from(size)?], vec![0; usize::try_from(size)?]);
            file.read_exact_at(&mut new, from)?;
            file.read_exact_at(&mut old, to)?;
            file.write_all_at(&new, to)?;
            Ok((new != old).then(|| format!("{name}: {size} bytes from {from} at {to} of {len}")))
        }
        Damage::Truncated if len > 64 => {
            let keep = rng.random_range(len / 4..len / 2);
            file.set_len(keep)?;
            Ok(Some(format!("{name}: {keep} of {len} bytes left")))
        }
        Damage::Removed => {
            fs::remove_file(path)?;
            Ok(Some(format!("{name}: removed")))
        }
        Damage::Flip | Damage::Copied | Damage::Truncated => Ok(None),
    }
}

/// What its length says that a torn record holds.
const BODY: u16 = 600;

/// What a disk writes as a whole.
const SECTOR: u64 = 512;

/// What a power cut in the midst of a write leaves: the beginning of one more record at the end of the newest
/// write-ahead log, and where the file has grown already, zeros in the place of its end. Nothing that was ever
/// acknowledged is touched.
///
/// # Errors
/// When the file cannot be written.
pub fn tear(dir: &Path, rng: &mut impl Rng) -> Result<Option<String>> {
    let Some(path) = files(dir, Kind::Wal).pop() else { return Ok(None) };
    let mut file = OpenOptions::new().write(true).open(&path)?;
    let len = file.seek(SeekFrom::End(0))?;
    // A block of the log has 32 KiB, and a record never begins in its last bytes.
    if 32_768 - len % 32_768 < 1024 {
        return Ok(None);
    }
    // checksum (4), length (2), type: whole record (1), then less than the length says.
    let mut record: Vec<u8> = (0..4).map(|_| rng.random()).collect();
    record.extend(BODY.to_le_bytes());
    record.push(1);
    let whole = record.len() + usize::from(BODY);
    let zeros = rng.random_bool(0.5);
    let body = match zeros {
        // The length has come through, and of the record what is before the next sector.
        true => (len + record.len() as u64 + 1).next_multiple_of(SECTOR) - len - record.len() as u64,
        false => rng.random_range(1..400),
    };
    record.extend((0..body).map(|_| rng.random::<u8>()));
    let written = record.len();
    if zeros {
        record.resize(whole, 0);
    }
    file.write_all(&record)?;
    file.sync_all()?;
    let rest = if zeros { ", then zeros" } else { "" };
    Ok(Some(format!("{}: {written} bytes of a torn record after {len}{rest}", path.display())))
}
