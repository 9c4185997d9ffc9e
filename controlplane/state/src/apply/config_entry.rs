//! Config entries: stored whole, when no chain breaks by it. A write of what is there already changes nothing.

use std::sync::Arc;

use weft_model::catalog::Indexed;
use weft_model::command::ApplyError;
use weft_model::config_entry::{ConfigEntry, Kind};
use weft_model::{Reply, Topic};

use super::{Txn, chains};

impl Txn {
    pub(super) fn config_upsert(&mut self, entry: &ConfigEntry, cas: Option<u64>) -> Result<Reply, ApplyError> {
        if !self.cas_holds(entry.kind(), entry.name(), cas) {
            return Ok(Reply::Swapped(false));
        }
        chains::stay_whole(&self.state, entry.kind(), entry.name(), Some(&Arc::new(entry.clone())))?;
        self.put_config(entry.clone());
        Ok(Reply::Swapped(true))
    }

    pub(super) fn config_delete(&mut self, kind: Kind, name: &str, cas: Option<u64>) -> Result<Reply, ApplyError> {
        if cas.is_some() && !self.cas_holds(kind, name, cas) {
            return Ok(Reply::Swapped(false));
        }
        chains::stay_whole(&self.state, kind, name, None)?;
        self.remove_config(kind, name);
        Ok(Reply::Swapped(true))
    }

    /// No condition, or the modify index is the expected one (0: the entry does not exist).
    fn cas_holds(&self, kind: Kind, name: &str, cas: Option<u64>) -> bool {
        let current = self.state.config.get(&(kind, name.to_owned())).map_or(0, |entry| entry.modify_index);
        cas.is_none_or(|expected| expected == current)
    }

    pub(super) fn put_config(&mut self, entry: ConfigEntry) {
        let (kind, name) = (entry.kind(), entry.name().to_owned());
        let former = self.state.config.get(&(kind, name.clone()));
        if former.is_some_and(|former| *former.value == entry) {
            return;
        }
        let create_index = former.map_or(self.index, |former| former.create_index);
        let stored = Indexed { value: Arc::new(entry), create_index, modify_index: self.index };
        self.touch_config(kind, &name);
        self.state.config.insert((kind, name), stored);
    }

    pub(super) fn remove_config(&mut self, kind: Kind, name: &str) {
        if self.state.config.remove(&(kind, name.to_owned())).is_some() {
            self.touch_config(kind, name);
            self.settle_chosen_ips(&name.into());
        }
    }

    fn touch_config(&mut self, kind: Kind, name: &str) {
        self.touch(Topic::ConfigEntry(kind, name.to_owned()));
        self.touch(Topic::ConfigKind(kind));
        if kind == Kind::ServiceIntentions {
            self.touch(Topic::Intentions(name.into()));
            self.touch(Topic::AllIntentions);
        }
    }
}
