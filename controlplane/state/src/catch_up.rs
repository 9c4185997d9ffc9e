//! The changes between two states that are not one command apart, as after a raft snapshot from a
//! peer.

use imbl::ordmap::DiffItem;

use crate::state::State;
use crate::waiters::Changes;

impl State {
    /// All topics that differ from `older`: what its readers have to be woken for.
    #[must_use]
    pub fn changes_since(&self, older: &Self) -> Changes {
        let topics = older.touched.diff(&self.touched).map(|item| match item {
            DiffItem::Add(topic, _) | DiffItem::Remove(topic, _) => topic.clone(),
            DiffItem::Update { new: (topic, _), .. } => topic.clone(),
        });
        Changes(topics.collect())
    }
}

#[cfg(test)]
mod tests {
    use weft_model::Topic;

    use super::*;

    #[test]
    fn added_moved_and_missing_topics_are_changes() {
        let state = |topics: &[(Topic, u64)]| State { touched: topics.iter().cloned().collect(), ..State::default() };
        let older = state(&[(Topic::Nodes, 3), (Topic::Services, 4), (Topic::Checks, 5)]);
        let newer = state(&[(Topic::Nodes, 3), (Topic::Services, 9), (Topic::Ca, 8)]);
        let changes = newer.changes_since(&older);
        assert_eq!(changes.0.into_iter().collect::<Vec<_>>(), [Topic::Services, Topic::Checks, Topic::Ca]);
    }
}
