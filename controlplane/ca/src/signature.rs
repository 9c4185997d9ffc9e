//! Checking the signature of a certificate or signing request.
//!
//! The accepted algorithms are the ones that rustls peers accept in a handshake, so nothing passes
//! here that the data plane would refuse later.

use rustls::crypto::aws_lc_rs;
use rustls_pki_types::SignatureVerificationAlgorithm;

use crate::der::{Envelope, read_public_key};

/// Whether `signed` (DER) carries a good signature by the key of `spki` (DER).
pub(crate) fn is_signed_by(signed: &[u8], spki: &[u8]) -> bool {
    check(signed, spki).is_some()
}

fn check(signed: &[u8], spki: &[u8]) -> Option<()> {
    let envelope = Envelope::read(signed)?;
    let (key_algorithm, key) = read_public_key(spki)?;
    let algorithm = algorithms().iter().find(|candidate| {
        candidate.public_key_alg_id().as_ref() == key_algorithm
            && candidate.signature_alg_id().as_ref() == envelope.algorithm.content
    })?;
    algorithm.verify_signature(key, envelope.body.raw, envelope.signature).ok()
}

fn algorithms() -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    aws_lc_rs::default_provider().signature_verification_algorithms.all
}
