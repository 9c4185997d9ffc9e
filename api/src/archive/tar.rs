//! The little of tar that an archive needs: plain files with short names, in ustar headers.

use std::io::{self, Read, Write};

use super::Damage;

const BLOCK: usize = 512;

/// Writes the header of a file. Its bytes follow, then [`pad`].
pub(super) fn header(out: &mut impl Write, name: &str, size: u64, seconds: u64) -> io::Result<()> {
    let mut block = [0; BLOCK];
    put(&mut block, 0, name.as_bytes());
    put(&mut block, 100, b"0000600\0");
    put(&mut block, 108, b"0000000\0");
    put(&mut block, 116, b"0000000\0");
    put(&mut block, 124, format!("{size:011o}\0").as_bytes());
    put(&mut block, 136, format!("{seconds:011o}\0").as_bytes());
    put(&mut block, 156, b"0");
    put(&mut block, 257, b"ustar\x0000");
    let sum = checksum(&block);
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    out.write_all(&block)
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The sum of a header's bytes, its own field taken for spaces.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let byte = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { u32::from(b' ') } else { u32::from(*byte) };
    block.iter().enumerate().map(byte).sum()
}

/// Fills the last block of a file of this size.
pub(super) fn pad(out: &mut impl Write, size: u64) -> io::Result<()> {
    out.write_all(&[0; BLOCK][..padding(size)])
}

fn padding(size: u64) -> usize {
    // Less than a block.
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// Ends the archive.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

/// A file that begins.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) size: u64,
}

/// Reads the next header; nothing at the archive's end.
pub(super) fn next(input: &mut impl Read) -> Result<Option<Member>, Damage> {
    let mut block = [0; BLOCK];
    input.read_exact(&mut block).map_err(|error| Damage::read(&error))?;
    if block.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let form = |text: &str| Damage::Form(text.to_owned());
    if octal(&block[148..156]) != Some(u64::from(checksum(&block))) {
        return Err(form("archive/tar: invalid tar header"));
    }
    if !matches!(block[156], b'0' | 0) {
        return Err(form("the archive holds something else than plain files"));
    }
    let name = block[..100].split(|byte| *byte == 0).next().unwrap_or_default();
    let name = String::from_utf8(name.to_vec()).map_err(|_| form("a file name is not UTF-8"))?;
    let size = octal(&block[124..136]).ok_or_else(|| form("archive/tar: invalid tar header"))?;
    Ok(Some(Member { name, size }))
}

/// Skips what fills the last block of a file of this size.
pub(super) fn skip_padding(input: &mut impl Read, size: u64) -> Result<(), Damage> {
    input.read_exact(&mut [0; BLOCK][..padding(size)]).map_err(|error| Damage::read(&error))
}

fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    u64::from_str_radix(text, 8).ok()
}
