//! Reads an archive and checks all of it.

use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::bufread::GzDecoder;

use super::sums::{self, Summing, Sums};
use super::{Damage, META, Meta, STATE, SUMS, tar};

/// No `meta.json` and no `SHA256SUMS` comes near it.
const SMALL_MAX: u64 = 1024 * 1024;

/// An archive that holds together.
pub struct Unpacked {
    pub meta: Meta,
    /// `meta.json` as it was written: what a sealed state is bound to.
    pub meta_bytes: Vec<u8>,
}

/// Reads an archive. `state.bin`, as it is stored, goes to `state`; it counts only if this succeeds. A state of
/// more than `state_max` bytes is refused.
///
/// # Errors
/// What is wrong with the archive, or `state` fails.
pub fn unpack(input: impl Read, mut state: impl Write, state_max: u64) -> Result<Unpacked, Damage> {
    let mut input = BufReader::new(input);
    check_magic(&mut input)?;
    let mut tar = GzDecoder::new(input);
    let (mut meta, mut state_sum, mut listed) = (None, None, None);
    while let Some(member) = tar::next(&mut tar)? {
        let (body, size) = ((&mut tar).take(member.size), member.size);
        match member.name.as_str() {
            META if meta.is_none() => meta = Some(small(body, size, META)?),
            SUMS if listed.is_none() => listed = Some(small(body, size, SUMS)?),
            STATE if state_sum.is_none() && size <= state_max => state_sum = Some(large(body, size, &mut state)?),
            STATE if state_sum.is_none() => {
                return Err(Damage::Form(format!("the state has {size} bytes, {state_max} are the most")));
            }
            name => return Err(Damage::Form(format!("unexpected file {name:?} in snapshot"))),
        }
        tar::skip_padding(&mut tar, size)?;
    }
    read_to_end(&mut tar)?;

    let missing = |name: &str| Damage::Form(format!("{name:?} is missing"));
    let meta_bytes = meta.ok_or_else(|| missing(META))?;
    let (state_sum, size) = state_sum.ok_or_else(|| missing(STATE))?;
    let listed = String::from_utf8(listed.ok_or_else(|| missing(SUMS))?);
    let listed = listed.map_err(|_| Damage::Sum(format!("{SUMS:?} is not text")))?;
    Sums { meta: sums::of(&meta_bytes), state: state_sum }.check(&listed)?;
    let meta: Meta = serde_json::from_slice(&meta_bytes).map_err(|error| Damage::Form(format!("{META}: {error}")))?;
    if meta.version != Meta::VERSION {
        return Err(Damage::Form(format!("unsupported snapshot version {}", meta.version)));
    }
    if meta.size != size {
        return Err(Damage::Form(format!("{STATE:?} has {size} bytes, {} are said", meta.size)));
    }
    state.flush().map_err(Damage::Spool)?;
    Ok(Unpacked { meta, meta_bytes })
}

/// Tells what is no gzip at all, in Consul's words.
fn check_magic(input: &mut impl BufRead) -> Result<(), Damage> {
    const HEAD: usize = 10;
    let compression = |text: &str| Err(Damage::Compression(text.to_owned()));
    let head = input.fill_buf().map_err(|error| Damage::read(&error))?;
    match head {
        [] => compression("EOF"),
        [0x1f, 0x8b, 8, ..] => Ok(()),
        short if short.len() < HEAD => compression("unexpected EOF"),
        _ => compression("gzip: invalid header"),
    }
}

fn small(mut body: impl Read, size: u64, name: &str) -> Result<Vec<u8>, Damage> {
    if size > SMALL_MAX {
        return Err(Damage::Form(format!("{name:?} is too large")));
    }
    let mut bytes = Vec::new();
    body.read_to_end(&mut bytes).map_err(|error| Damage::read(&error))?;
    whole(bytes.len() as u64, size)?;
    Ok(bytes)
}

fn large(body: impl Read, size: u64, out: &mut impl Write) -> Result<([u8; 32], u64), Damage> {
    const PIECE: usize = 64 * 1024;
    let mut body = Summing::new(body);
    let mut buffer = vec![0; PIECE];
    loop {
        let read = body.read(&mut buffer).map_err(|error| Damage::read(&error))?;
        if read == 0 {
            break;
        }
        out.write_all(&buffer[..read]).map_err(Damage::Spool)?;
    }
    let count = body.count;
    whole(count, size)?;
    Ok((body.finish(), count))
}

fn whole(found: u64, size: u64) -> Result<(), Damage> {
    if found == size { Ok(()) } else { Err(Damage::Compression("unexpected EOF".to_owned())) }
}

/// Reads on to the end of the stream, where its checksum stands; nothing but zeros may follow the archive.
fn read_to_end(tar: &mut GzDecoder<impl BufRead>) -> Result<(), Damage> {
    let mut buffer = [0; 4096];
    loop {
        match tar.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) if buffer[..read].iter().all(|byte| *byte == 0) => {}
            Ok(_) => return Err(Damage::Form("something follows the archive".to_owned())),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Damage::read(&error)),
        }
    }
    let behind = tar.get_mut().fill_buf().map_err(|error| Damage::read(&error))?;
    if behind.is_empty() { Ok(()) } else { Err(Damage::Form("something follows the archive".to_owned())) }
}
