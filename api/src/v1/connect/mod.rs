//! `/v1/connect`: the certificate authority and intentions.

pub(crate) mod ca;
pub(crate) mod intention;
pub(crate) mod intention_by_id;
pub(crate) mod intention_exact;
mod names;
mod vet;

pub(crate) use names::decide;
