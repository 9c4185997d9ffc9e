//! `/v1/operator/keyring`: keys of gossip. There is no gossip: servers and agents speak mutual TLS with each other.

use crate::answer::Outcome;
use crate::call::Call;
use crate::refusal::Refusal;

/// What Consul says where gossip is not encrypted.
pub(crate) async fn list(_: Call) -> Outcome {
    Err(Refusal::failed("Keyring is empty (encryption not enabled)"))
}

/// The same for whoever wants to add, use or remove a key.
pub(crate) async fn change(_: Call) -> Outcome {
    Err(Refusal::failed("No keyring to modify (encryption not enabled)"))
}
