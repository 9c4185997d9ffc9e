//! What differs between two states, at the cost of what differs: parts that they share are not walked.

use imbl::ordmap::DiffItem;
use weft_model::catalog::Indexed;
use weft_model::health::Check;
use weft_model::{NodeName, ServiceId, Session, SessionId, Topic};

use crate::state::State;
use crate::waiters::Changes;

/// A check that differs between two states.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CheckChange<'a> {
    /// As it was, unless it is new.
    pub before: Option<&'a Indexed<Check>>,
    /// As it is, unless it is gone.
    pub after: Option<&'a Indexed<Check>>,
}

impl State {
    /// All topics that differ from `older`: what its readers have to be woken for.
    #[must_use]
    pub fn changes_since(&self, older: &Self) -> Changes {
        let topics = older.touched.diff(&self.touched).map(|item| match item {
            DiffItem::Add(topic, _) | DiffItem::Remove(topic, _) => topic.clone(),
            DiffItem::Update { new: (topic, _), .. } => topic.clone(),
        });
        let keys = older.kv.entries.diff(&self.kv.entries).map(|item| match item {
            DiffItem::Add(key, _) | DiffItem::Remove(key, _) => Topic::Kv(key.clone()),
            DiffItem::Update { new: (key, _), .. } => Topic::Kv(key.clone()),
        });
        let instances = self.changed_instances(older).map(|(node, id)| Topic::Instance(node.clone(), id.clone()));
        let sessions = self.session_changes(older).map(|(id, _)| Topic::Session(id));
        Changes(topics.chain(keys).chain(instances).chain(sessions).collect())
    }

    /// The sessions that are new or no longer the same (`Some`), or gone, since `older`.
    pub fn session_changes<'a>(
        &'a self,
        older: &'a Self,
    ) -> impl Iterator<Item = (SessionId, Option<&'a Indexed<Session>>)> {
        older.sessions.diff(&self.sessions).map(|item| match item {
            DiffItem::Add(id, session) => (*id, Some(session)),
            DiffItem::Update { new: (id, session), .. } => (*id, Some(session)),
            DiffItem::Remove(id, _) => (*id, None),
        })
    }

    /// The checks that differ from those of `older`, in no stated order.
    pub fn check_changes<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = CheckChange<'a>> {
        older.checks.diff(&self.checks).map(|item| match item {
            DiffItem::Add(_, after) => CheckChange { before: None, after: Some(after) },
            DiffItem::Update { old: (_, before), new: (_, after) } => {
                CheckChange { before: Some(before), after: Some(after) }
            }
            DiffItem::Remove(_, before) => CheckChange { before: Some(before), after: None },
        })
    }

    /// The instances that were added, changed or removed since `older`, in no stated order.
    pub fn changed_instances<'a>(&'a self, older: &'a Self) -> impl Iterator<Item = &'a (NodeName, ServiceId)> {
        older.services.diff(&self.services).map(|item| match item {
            DiffItem::Add(key, _) | DiffItem::Remove(key, _) => key,
            DiffItem::Update { new: (key, _), .. } => key,
        })
    }
}

#[cfg(test)]
mod tests {
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
