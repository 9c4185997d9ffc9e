//! User events.

use weft_model::Topic;
use weft_model::event::UserEvent;

use super::StateView;

impl StateView<'_> {
    /// The events that are remembered, oldest first.
    #[must_use]
    pub fn events(&self) -> Vec<UserEvent> {
        self.note(Topic::Events);
        self.state.events.iter().cloned().collect()
    }
}
