//! Logs that a power cut left at their length, but without their last bytes.
//!
//! A file system that keeps the length apart from the data (ext4's unwritten extents) shows zeros from
//! some sector on where an append was not synced. RocksDB forgives a last record that is shorter than it
//! says, but takes one with zeros in it for damage. Such a file is cut where the zeros begin, which makes
//! it the first kind. etcd judges the end of its log in the same way (torn entries in `wal/decoder.go`).

use std::fs;
use std::io;
use std::path::Path;

/// What a disk writes as a whole.
const SECTOR: usize = 512;
/// Records do not cross these, parts of them do; see `db/log_format.h` of RocksDB.
const BLOCK: usize = 32 << 10;
/// Checksum, length and type of a part.
const HEADER: usize = 7;

/// Cuts the newest write-ahead log and the newest list of files, which is written in the same way, of a database
/// that is not open, where their ends are torn; `true` if one was.
pub(super) fn mend(database: &Path) -> io::Result<bool> {
    let files = fs::read_dir(database)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    // Later ones have greater names.
    let newest = |is: fn(&str) -> bool| {
        files.iter().filter(|path| path.file_name().and_then(|name| name.to_str()).is_some_and(is)).max()
    };
    let ends = [newest(|name| name.ends_with(".log")), newest(|name| name.starts_with("MANIFEST-"))];
    ends.into_iter().flatten().try_fold(false, |mended, path| Ok(cut(path)? || mended))
}

fn cut(path: &Path) -> io::Result<bool> {
    let log = fs::read(path)?;
    let Some(kept) = kept(&log) else { return Ok(false) };
    let file = fs::File::options().write(true).open(path)?;
    file.set_len(u64::try_from(kept).map_err(io::Error::other)?)?;
    file.sync_all()?;
    let (path, lost) = (path.display(), log.len() - kept);
    tracing::warn!(%path, lost, "the last write before a power cut did not reach the disk as a whole, and counts for nothing");
    Ok(true)
}

/// How much of a log counts whose last record has zeros from a sector's start to the end of the file.
/// `None` when its end is not torn in this way: when all records are whole, or one is damaged.
fn kept(log: &[u8]) -> Option<usize> {
    let written = log.iter().rposition(|byte| *byte != 0)? + 1;
    let zeros = written.next_multiple_of(SECTOR);
    if zeros >= log.len() {
        return None;
    }
    let mut at = 0;
    while at < log.len() {
        match part(log, at) {
            Ok(next) => at = next,
            // Zeros that do not touch it are not what is wrong with it.
            Err(end) => return (end > zeros).then_some(zeros.max(at)),
        }
    }
    None
}

/// Where the part of a record that begins here ends; as an error if it is not as it was written.
fn part(log: &[u8], at: usize) -> Result<usize, usize> {
    let room = BLOCK - at % BLOCK;
    if room < HEADER {
        return Ok(at + room);
    }
    let Some(&[c0, c1, c2, c3, l0, l1, kind]) = log[at..].first_chunk::<HEADER>() else { return Err(at + HEADER) };
    let end = at + HEADER + usize::from(u16::from_le_bytes([l0, l1]));
    let is_whole = |kind_and_body: &[u8]| masked(crc32c::crc32c(kind_and_body)) == u32::from_le_bytes([c0, c1, c2, c3]);
    match log.get(at + HEADER - 1..end) {
        Some(kind_and_body) if kind != 0 && is_whole(kind_and_body) => Ok(end),
        Some(_) | None => Err(end),
    }
}

/// How RocksDB stores a checksum (`util/crc32c.h`).
const fn masked(checksum: u32) -> u32 {
    checksum.rotate_right(15).wrapping_add(0xa282_ead8)
}
