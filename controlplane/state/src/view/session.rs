//! Queries of sessions, of who keeps their time, and of autopilot's settings.

use std::sync::Arc;

use uuid::Uuid;
use weft_model::autopilot::AutopilotConfig;
use weft_model::catalog::Indexed;
use weft_model::{NodeName, Session, SessionId, Topic};

use super::StateView;

impl StateView<'_> {
    /// One session.
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<Indexed<Session>> {
        self.note(Topic::Session(id));
        self.state.sessions.get(&id).cloned()
    }

    /// All sessions, by id.
    #[must_use]
    pub fn sessions(&self) -> Vec<Indexed<Session>> {
        self.note(Topic::Sessions);
        self.state.sessions.values().cloned().collect()
    }

    /// The sessions of a node, by id.
    #[must_use]
    pub fn node_sessions(&self, node: &NodeName) -> Vec<Indexed<Session>> {
        self.note(Topic::NodeSessions(node.clone()));
        self.state.sessions_on(node).cloned().collect()
    }

    /// Whose timers count.
    #[must_use]
    pub fn timekeeper(&self) -> Uuid {
        self.note(Topic::Timekeeper);
        self.state.keeper
    }

    /// Autopilot's settings; the defaults, with indexes of 0, until somebody sets them.
    #[must_use]
    pub fn autopilot(&self) -> Indexed<AutopilotConfig> {
        self.note(Topic::Autopilot);
        let defaults = || Indexed { value: Arc::default(), create_index: 0, modify_index: 0 };
        self.state.autopilot.clone().unwrap_or_else(defaults)
    }
}
