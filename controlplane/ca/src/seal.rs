//! Sealing the authority's private keys and what auth methods keep secret, so that what is stored holds neither in
//! clear.
//!
//! ```text
//! PEM ─Keyring::seal(place)─> weft-sealed:v1:<key id>:<base64 of nonce, ciphertext, tag> ─> Command, log, snapshot
//! that text ─Keyring::open(place)─> PEM, in memory, where something is signed
//! ```
//!
//! AES-256-GCM with a random nonce. The place, a root's id, is bound to the ciphertext: a sealed key that is
//! moved to another root does not open. The sealing keys come from a file of the operator's; see [`state`] for
//! what is done with all keys of a CA.

pub mod secret;
pub mod state;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use weft_model::ca::PrivateKeyPem;
use zeroize::Zeroizing;

/// What a sealed key begins with, whatever the version of its form.
const MARK: &str = "weft-sealed:";
const VERSION: &str = "v1";
/// Keeps these ciphertexts apart from other uses of the same key.
const CA_KEY: &[u8] = b"weft ca key v1\0";
const KEY_LEN: usize = 32;
const KEY_ID_LEN: usize = 8;

/// Why a key can be neither sealed nor opened. Never contains key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Nothing to open it with.
    #[error(
        "what is needed here is sealed with key {id}, and this server has no connect.ca_seal_key_file: give it the \
         file that the other servers have"
    )]
    NoKeys {
        /// The sealing key's id.
        id: String,
    },
    /// Other keys than the one it was sealed with.
    #[error("what is needed here is sealed with key {id}, which is not in connect.ca_seal_key_file")]
    UnknownKey {
        /// The sealing key's id.
        id: String,
    },
    /// The right key, another text.
    #[error("what is sealed here with key {id} does not open: it was changed, cut, or moved here")]
    Damaged {
        /// The sealing key's id.
        id: String,
    },
    /// Not as this version writes it.
    #[error("what is sealed here has a form that this version does not know")]
    Form,
    /// A key or a secret would be stored in clear beside sealed ones.
    #[error(
        "what is secret here is sealed, and this server has no connect.ca_seal_key_file to seal another secret with"
    )]
    Unsealed,
    /// The cryptographic library failed.
    #[error("a secret could not be sealed")]
    Failed,
}

/// The sealing keys of a server, the one that seals first; or none, and then keys stay as they are. Clones are
/// the same one, and the debug form shows ids only.
#[derive(Clone, Default)]
pub struct Keyring(Arc<[Arc<SealKey>]>);

struct SealKey {
    id: String,
    key: LessSafeKey,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|key| &key.id)).finish()
    }
}

impl Keyring {
    /// Reads the text of a key file: a key a line, 32 bytes in base64. Empty lines and those that begin with `#`
    /// do not count.
    ///
    /// # Errors
    /// Which line is wrong and why, without its text.
    pub fn read(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let keys = lines
            .map(|(at, line)| SealKey::read(line).map(Arc::new).map_err(|fault| format!("line {} {fault}", at + 1)));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err("holds no key: weft keygen makes one".to_owned());
        }
        Ok(Self(keys.into()))
    }

    /// Whether there is nothing to seal with.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The id of the key that seals.
    #[must_use]
    pub fn first_id(&self) -> Option<&str> {
        self.0.first().map(|key| key.id.as_str())
    }

    /// Seals a key for its place. Without sealing keys it stays as it is; so does none.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub fn seal(&self, place: &str, key: &PrivateKeyPem) -> Result<PrivateKeyPem, SealError> {
        self.seal_text(Bound { purpose: CA_KEY, place }, &key.0).map(PrivateKeyPem)
    }

    /// Opens what was sealed for this place. What is not sealed is answered as it is.
    ///
    /// # Errors
    /// The sealing key is not here, or the text is not what was sealed.
    pub fn open(&self, place: &str, key: &PrivateKeyPem) -> Result<PrivateKeyPem, SealError> {
        self.open_text(Bound { purpose: CA_KEY, place }, &key.0).map(PrivateKeyPem)
    }

    fn seal_text(&self, bound: Bound<'_>, text: &str) -> Result<String, SealError> {
        match self.0.first() {
            Some(first) if !text.is_empty() => first.seal(bound, text),
            Some(_) | None => Ok(text.to_owned()),
        }
    }

    fn open_text(&self, bound: Bound<'_>, text: &str) -> Result<String, SealError> {
        let Some(rest) = text.strip_prefix(MARK) else { return Ok(text.to_owned()) };
        let (version, rest) = rest.split_once(':').ok_or(SealError::Form)?;
        let (id, body) = rest.split_once(':').ok_or(SealError::Form)?;
        if version != VERSION || !is_id(id) {
            return Err(SealError::Form);
        }
        let id = id.to_owned();
        if self.is_empty() {
            return Err(SealError::NoKeys { id });
        }
        match self.0.iter().find(|key| key.id == id) {
            Some(key) => key.open(bound, body).ok_or(SealError::Damaged { id }),
            None => Err(SealError::UnknownKey { id }),
        }
    }
}

/// Whether this is a sealed key.
#[must_use]
pub fn is_sealed(key: &PrivateKeyPem) -> bool {
    key.0.starts_with(MARK)
}

/// The id of the key that this one is sealed with, if it is sealed in the form of today.
#[must_use]
pub fn sealed_with(key: &PrivateKeyPem) -> Option<&str> {
    seal_of(&key.0)
}

fn seal_of(text: &str) -> Option<&str> {
    let (version, rest) = text.strip_prefix(MARK)?.split_once(':')?;
    let (id, _) = rest.split_once(':')?;
    (version == VERSION && is_id(id)).then_some(id)
}

/// Ids stand in errors and logs: nothing else may look like one.
fn is_id(text: &str) -> bool {
    text.len() == 2 * KEY_ID_LEN && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

impl SealKey {
    fn read(line: &str) -> Result<Self, String> {
        let bytes = Zeroizing::new(STANDARD.decode(line).map_err(|_| "is not base64: weft keygen makes a key")?);
        if bytes.len() != KEY_LEN {
            return Err(format!("holds {} bytes; a key has {KEY_LEN}: weft keygen makes one", bytes.len()));
        }
        let digest = Sha256::digest(bytes.as_slice());
        let id = digest.iter().take(KEY_ID_LEN).map(|byte| format!("{byte:02x}")).collect();
        let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| "cannot be used")?;
        Ok(Self { id, key: LessSafeKey::new(key) })
    }

    fn seal(&self, bound: Bound<'_>, clear: &str) -> Result<String, SealError> {
        let nonce: [u8; NONCE_LEN] = rand::random();
        // The room for the tag is there from the start: a text that moves leaves a copy behind.
        let mut text = Zeroizing::new(Vec::with_capacity(clear.len() + AES_256_GCM.tag_len()));
        text.extend_from_slice(clear.as_bytes());
        let sealed = self.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound.aad(), &mut *text);
        sealed.map_err(|_| SealError::Failed)?;
        let body = STANDARD.encode([&nonce[..], &text].concat());
        Ok(format!("{MARK}{VERSION}:{}:{body}", self.id))
    }

    fn open(&self, bound: Bound<'_>, body: &str) -> Option<String> {
        let bytes = STANDARD.decode(body).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let mut text = Zeroizing::new(sealed.to_vec());
        let opened = self.key.open_in_place(Nonce::assume_unique_for_key(*nonce), bound.aad(), &mut text).ok()?;
        std::str::from_utf8(opened).ok().map(str::to_owned)
    }
}

/// What a ciphertext belongs to.
#[derive(Clone, Copy)]
struct Bound<'a> {
    purpose: &'static [u8],
    place: &'a str,
}

impl Bound<'_> {
    fn aad(self) -> Aad<Vec<u8>> {
        Aad::from([self.purpose, self.place.as_bytes()].concat())
    }
}

#[cfg(test)]
mod tests;
