//! Writes an archive.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::seal::{SealKey, Sealer, sealed_size};
use super::sums::{self, Summing, Sums};
use super::{META, Meta, STATE, SUMS, tar};

/// Something that can write the same bytes again and again: once to learn their number, once to keep them.
pub trait Content {
    /// Writes all of it.
    ///
    /// # Errors
    /// `out` fails.
    fn write_to(&self, out: &mut dyn Write) -> io::Result<()>;
}

impl Content for [u8] {
    fn write_to(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(self)
    }
}

/// Writes an archive of `state`, sealed where there is a key. `meta` says all but size and seal.
///
/// # Errors
/// `out` fails. Without its end an archive does not unpack.
pub fn pack(out: impl Write, meta: Meta, state: &(impl Content + ?Sized), key: Option<&SealKey>) -> io::Result<()> {
    let mut counted = Summing::new(io::sink());
    state.write_to(&mut counted)?;
    let size = if key.is_some() { sealed_size(counted.count) } else { counted.count };
    let meta = serde_json::to_vec(&Meta { size, sealed: key.is_some(), ..meta })?;
    let seconds = std::time::UNIX_EPOCH.elapsed().map_or(0, |age| age.as_secs());

    // Most of a state is text; the fastest level takes most of what can be had.
    let mut out = GzEncoder::new(out, Compression::fast());
    file(&mut out, META, &meta, seconds)?;
    tar::header(&mut out, STATE, size, seconds)?;
    let mut body = Summing::new(&mut out);
    match key {
        Some(key) => {
            let mut sealer = Sealer::new(&mut body, key, &meta)?;
            state.write_to(&mut sealer)?;
            sealer.finish()?;
        }
        None => state.write_to(&mut body)?,
    }
    if body.count != size {
        return Err(io::Error::other("the state changed while it was written"));
    }
    let sums = Sums { meta: sums::of(&meta), state: body.finish() };
    tar::pad(&mut out, size)?;
    file(&mut out, SUMS, sums.text().as_bytes(), seconds)?;
    tar::end(&mut out)?;
    out.finish()?.flush()
}

fn file(out: &mut impl Write, name: &str, bytes: &[u8], seconds: u64) -> io::Result<()> {
    tar::header(out, name, bytes.len() as u64, seconds)?;
    out.write_all(bytes)?;
    tar::pad(out, bytes.len() as u64)
}
