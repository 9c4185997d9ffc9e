//! User events: the newest are remembered.

use weft_model::event::UserEvent;
use weft_model::{Reply, Topic};

use super::Txn;

impl Txn {
    pub(super) fn event_fire(&mut self, event: &UserEvent) -> Reply {
        let time = self.state.events.last().map_or(1, |newest| newest.time + 1);
        self.state.events.push_back(UserEvent { time, ..event.clone() });
        while self.state.events.len() > UserEvent::KEPT {
            self.state.events.pop_front();
        }
        self.touch(Topic::Events);
        Reply::Done
    }
}
