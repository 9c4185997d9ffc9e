//! Vouching for a new root with the old one.
//!
//! The result has the new root's name, key and key id, and the old root as issuer. Sent along with
//! the leaves of the new root, it leads verifiers that know only the old root to them.

use std::time::Duration;

use weft_model::Timestamp;
use weft_model::ca::CaRoot;

use crate::cert::Facts;
use crate::error::CaError;
use crate::issue::{self, Authority, BACK_DATE, Template, Usage};
use crate::key::CaKey;
use crate::pem;
use crate::seal;
use crate::spiffe::{SpiffeId, TrustDomain};

/// When and for how long one root vouches for another.
#[derive(Clone, Copy, Debug)]
pub struct CrossTerms {
    /// Not zero.
    pub serial_number: u64,
    /// The proposer's time.
    pub now: Timestamp,
    /// `IntermediateCertTTL`.
    pub ttl: Duration,
}

/// A copy of `new`'s certificate signed by `old`, in PEM. It outlives neither.
///
/// # Errors
/// [`CaError::CrossSigning`] when the old root is expired, has lost its key, or allows no authority
/// below itself.
pub fn cross_sign(
    new: &CaRoot,
    old: &CaRoot,
    trust_domain: &TrustDomain,
    terms: CrossTerms,
) -> Result<String, CaError> {
    let refuse = |reason: &str| CaError::CrossSigning(reason.to_owned());
    let old_facts = Facts::from_pem(&old.root_cert).map_err(CaError::Internal)?;
    let new_facts = Facts::from_pem(&new.root_cert).map_err(CaError::Internal)?;
    let old_key = CaKey::from_pem(&old.signing_key).map_err(|fault| match seal::is_sealed(&old.signing_key) {
        true => refuse(&fault),
        false => refuse("the old root's key is gone"),
    })?;
    if !old_facts.is_valid_at(terms.now) {
        return Err(refuse("the old root has expired"));
    }
    let path_len = path_len(old_facts.path_len, new_facts.path_len)
        .ok_or_else(|| refuse("the old root's path length allows no authority below it"))?;
    let template = Template {
        serial_number: terms.serial_number,
        subject: new_facts.subject,
        not_before: terms.now.minus(BACK_DATE),
        not_after: terms.now.plus(terms.ttl).min(old_facts.not_after).min(new_facts.not_after),
        usage: Usage::Authority { path_len },
        uri: SpiffeId::signing(trust_domain.clone()).to_string(),
        dns_names: &[],
        ip_addresses: &[],
        public_key: new_facts.public_key,
        key_id: new_facts.key_id,
    };
    let authority = Authority { name: old_facts.subject, key_id: old_facts.key_id, key: &old_key };
    Ok(pem::encode(pem::CERTIFICATE, &issue::issue(&template, &authority)?))
}

/// What the copy may allow below itself: no more than either root. `None` when nothing may stand there.
fn path_len(old: Option<u32>, new: Option<u32>) -> Option<Option<u8>> {
    let below_old = match old {
        Some(0) => return None,
        Some(limit) => Some(limit - 1),
        None => None,
    };
    let limit = [below_old, new].into_iter().flatten().min();
    Some(limit.map(|limit| u8::try_from(limit).unwrap_or(u8::MAX)))
}
