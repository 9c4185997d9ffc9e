//! Replication between datacenters, of which there is one.

use weft_state::StateView;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::wire::acl::Replication;

/// That there is none.
pub(crate) fn replication(_: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(Replication {
        enabled: false,
        running: false,
        source_datacenter: "",
        replication_type: "",
        replicated_index: 0,
        replicated_role_index: 0,
        replicated_token_index: 0,
        last_success: (),
        last_error: (),
    }))
}
