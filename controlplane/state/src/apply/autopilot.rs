//! Autopilot's settings, replaced as a whole.

use std::sync::Arc;

use weft_model::autopilot::AutopilotConfig;
use weft_model::catalog::Indexed;
use weft_model::{Reply, Topic};

use super::Txn;

impl Txn {
    pub(super) fn autopilot_set(&mut self, config: &AutopilotConfig, cas: Option<u64>) -> Reply {
        let former = self.state.autopilot.as_ref();
        if cas.is_some_and(|expected| expected != former.map_or(0, |former| former.modify_index)) {
            return Reply::Swapped(false);
        }
        if former.is_none_or(|former| *former.value != *config) {
            let create_index = former.map_or(self.index, |former| former.create_index);
            let value = Arc::new(config.clone());
            self.state.autopilot = Some(Indexed { value, create_index, modify_index: self.index });
            self.touch(Topic::Autopilot);
        }
        Reply::Swapped(true)
    }
}
