//! The certificate authority: replaced as a whole, and the counter of serial numbers.

use std::sync::Arc;

use weft_model::ca::CaState;
use weft_model::catalog::Indexed;
use weft_model::{ApplyError, Reply, Topic};

use super::Txn;

impl Txn {
    pub(super) fn ca_update(&mut self, expected_modify_index: u64, ca: &CaState) -> Result<Reply, ApplyError> {
        let former = self.state.ca.as_ref();
        if former.map_or(0, |former| former.modify_index) != expected_modify_index {
            return Err(ApplyError::Stale);
        }
        if former.is_some_and(|former| former.value.trust_domain != ca.trust_domain) {
            return Err(ApplyError::Refused("the trust domain of a cluster never changes".into()));
        }
        let create_index = former.map_or(self.index, |former| former.create_index);
        // The certificates that this change brings have their serial numbers from the same counter.
        let brought = ca.roots.iter().map(|root| root.serial_number).max().unwrap_or(0);
        self.state.serial = self.state.serial.max(brought);
        self.state.ca = Some(Indexed { value: Arc::new(ca.clone()), create_index, modify_index: self.index });
        self.touch(Topic::Ca);
        Ok(Reply::Done)
    }

    /// A serial number that no certificate of this cluster has.
    pub(super) fn ca_issue(&mut self) -> Result<Reply, ApplyError> {
        if self.state.ca.as_ref().and_then(|ca| ca.value.active_root()).is_none() {
            return Err(ApplyError::Refused(
                "CA is uninitialized and unable to sign certificates yet: no root certificate".into(),
            ));
        }
        self.state.serial += 1;
        Ok(Reply::Serial(self.state.serial))
    }
}
