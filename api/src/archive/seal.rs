//! Sealing a state: AES-256-GCM over frames, so that neither side holds the whole.
//!
//! ```text
//! magic, salt, frame 0, frame 1, …, last frame        frame = up to 64 KiB and a tag of 16 bytes
//! ```
//!
//! Each archive has a key of its own, derived from the cluster's and the salt, so that the frames' numbers can be
//! their nonces. The last frame says in its nonce that it is the last: cut archives do not open. What is bound to
//! the frames as well is the archive's `meta.json`.

use std::io::{self, Read, Write};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::rand;

use super::Damage;

const MAGIC: &[u8; 8] = b"weftsea1";
const SALT: usize = 32;
const FRAME: usize = 64 * 1024;
const TAG: usize = 16;

/// What a cluster's archives are sealed with. Never shown.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(hidden)")
    }
}

impl SealKey {
    /// The key that belongs to a join secret.
    #[must_use]
    pub fn of_join_secret(secret: &[u8]) -> Option<Self> {
        derive(b"weft", secret, b"weft snapshot v1").map(Self)
    }

    fn of_archive(&self, salt: &[u8]) -> Option<LessSafeKey> {
        let key = derive(salt, &self.0, b"state.bin")?;
        UnboundKey::new(&AES_256_GCM, &key).ok().map(LessSafeKey::new)
    }
}

fn derive(salt: &[u8], secret: &[u8], purpose: &[u8]) -> Option<[u8; 32]> {
    let mut key = [0; 32];
    let prk = Salt::new(HKDF_SHA256, salt).extract(secret);
    prk.expand(&[purpose], HKDF_SHA256).ok()?.fill(&mut key).ok()?;
    Some(key)
}

/// How long a state of this length is once it is sealed.
pub(super) fn sealed_size(plain: u64) -> u64 {
    let frames = plain.div_ceil(FRAME as u64).max(1);
    (MAGIC.len() + SALT) as u64 + plain + frames * TAG as u64
}

fn nonce(frame: u64, last: bool) -> Nonce {
    let mut bytes = [0; NONCE_LEN];
    bytes[..8].copy_from_slice(&frame.to_be_bytes());
    bytes[NONCE_LEN - 1] = u8::from(last);
    Nonce::assume_unique_for_key(bytes)
}

/// Seals what is written to it.
pub(super) struct Sealer<'a, W> {
    out: W,
    key: LessSafeKey,
    bound: &'a [u8],
    frame: u64,
    plain: Vec<u8>,
}

impl<'a, W: Write> Sealer<'a, W> {
    /// Begins. `bound` has to be the same when it is opened.
    pub(super) fn new(mut out: W, key: &SealKey, bound: &'a [u8]) -> io::Result<Self> {
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| failed())?;
        out.write_all(MAGIC)?;
        out.write_all(&salt)?;
        let key = key.of_archive(&salt).ok_or_else(failed)?;
        Ok(Self { out, key, bound, frame: 0, plain: Vec::with_capacity(FRAME + TAG) })
    }

    /// Writes the last frame.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.seal(true)
    }

    fn seal(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce(self.frame, last);
        let sealed = self.key.seal_in_place_append_tag(nonce, Aad::from(self.bound), &mut self.plain);
        // The frame is over whether it could be written or not: whoever writes on after an error must neither find a sealed
        // frame to go on with, nor use its nonce again.
        self.frame += 1;
        let written = sealed.map_err(|_| failed()).and_then(|()| self.out.write_all(&self.plain));
        self.plain.clear();
        written
    }
}

impl<W: Write> Write for Sealer<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full frame waits for more: the last one must be known as such.
        if self.plain.len() == FRAME {
            self.seal(false)?;
        }
        let taken = bytes.len().min(FRAME - self.plain.len());
        self.plain.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn failed() -> io::Error {
    io::Error::other("the snapshot cannot be sealed")
}

/// Opens what was sealed. What is written to `out` counts only if this succeeds.
///
/// # Errors
/// It is damaged, cut, or sealed with another key.
pub fn open(mut input: impl Read, mut out: impl Write, key: Option<&SealKey>, bound: &[u8]) -> Result<(), Damage> {
    let cut = |_| Damage::Seal("it ends too early");
    let mut head = [0; MAGIC.len() + SALT];
    input.read_exact(&mut head).map_err(cut)?;
    let (magic, salt) = head.split_at(MAGIC.len());
    if magic != MAGIC {
        return Err(Damage::Seal("it was sealed by a version that this one does not know"));
    }
    let key = key.ok_or(Damage::Seal("this cluster has no join secret; it needs the one that sealed it"))?;
    let key = key.of_archive(salt).ok_or(Damage::Seal("the key cannot be derived"))?;
    let (mut frame, mut this) = (0, read_frame(&mut input)?);
    loop {
        let next = if this.len() == FRAME + TAG { read_frame(&mut input)? } else { Vec::new() };
        let last = next.is_empty();
        let wrong = Damage::Seal("it is damaged, or the cluster that made it has another join secret");
        let opened = key.open_in_place(nonce(frame, last), Aad::from(bound), &mut this);
        out.write_all(opened.map_err(|_| wrong)?).map_err(Damage::Spool)?;
        if last {
            return out.flush().map_err(Damage::Spool);
        }
        (frame, this) = (frame + 1, next);
    }
}

fn read_frame(input: &mut impl Read) -> Result<Vec<u8>, Damage> {
    let mut frame = Vec::with_capacity(FRAME + TAG);
    input.take((FRAME + TAG) as u64).read_to_end(&mut frame).map_err(Damage::Spool)?;
    Ok(frame)
}
