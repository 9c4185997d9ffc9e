//! The duty to seal what auth methods keep secret: one method at a time.

use weft_model::Command;
use weft_model::acl::AclOp;
use weft_state::{State, StateView};

use super::Moment;

/// Secrets that are clear, or sealed with a key that is not the first any more.
pub(super) fn seal(state: &State, moment: Moment<'_>) -> anyhow::Result<Option<Command>> {
    for method in StateView::new(state).auth_methods() {
        if let Some(next) = moment.keys.reseal_method(&method.value)? {
            let op = AclOp::MethodReseal { method: Box::new(next), expected_modify_index: method.modify_index };
            return Ok(Some(Command::Acl(Box::new(op))));
        }
    }
    Ok(None)
}
