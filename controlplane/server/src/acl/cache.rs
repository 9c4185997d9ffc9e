//! Bearers that were made already, as of one state of access control.

use std::collections::HashMap;

use weft_api::access::Bearer;
use weft_model::Timestamp;
use weft_model::acl::SecretHash;

/// Tokens come and go; what is not asked for any more goes when there are this many.
const ENTRIES_MAX: usize = 16_384;

/// Bearers by the digest of their secret. Any change of any token, role or policy ends them all: changes are
/// seldom, and nothing can be forgotten that way.
#[derive(Default)]
pub(super) struct Cache {
    changed_at: u64,
    entries: HashMap<SecretHash, (Bearer, Option<Timestamp>)>,
}

impl Cache {
    /// The bearer as of a state in which access control changed last at this index.
    pub(super) fn get(&self, hash: &SecretHash, changed_at: u64, now: Timestamp) -> Option<Bearer> {
        let (bearer, expires) = self.entries.get(hash).filter(|_| self.changed_at == changed_at)?;
        expires.is_none_or(|expires| expires > now).then(|| bearer.clone())
    }

    /// Keeps a bearer. One of an older state than the others is not kept.
    pub(super) fn put(&mut self, hash: SecretHash, changed_at: u64, bearer: Bearer, expires: Option<Timestamp>) {
        if changed_at < self.changed_at {
            return;
        }
        if changed_at > self.changed_at || self.entries.len() >= ENTRIES_MAX {
            self.entries.clear();
            self.changed_at = changed_at;
        }
        self.entries.insert(hash, (bearer, expires));
    }
}
