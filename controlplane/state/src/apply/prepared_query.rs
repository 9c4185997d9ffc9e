//! Prepared queries: names are unique among them, and a query ends with its session.

use std::sync::Arc;

use uuid::Uuid;
use weft_model::catalog::Indexed;
use weft_model::prepared_query::PreparedQuery;
use weft_model::{ApplyError, Reply, SessionId, Topic};

use super::Txn;
use crate::derived::folded;

impl Txn {
    pub(super) fn query_create(&mut self, query: &PreparedQuery) -> Result<Reply, ApplyError> {
        if self.state.queries.contains_key(&query.id) {
            return Err(ApplyError::Refused(format!("prepared query {} exists", query.id)));
        }
        self.put_query(query)
    }

    pub(super) fn query_update(&mut self, query: &PreparedQuery) -> Result<Reply, ApplyError> {
        if !self.state.queries.contains_key(&query.id) {
            return Err(missing(query.id));
        }
        self.put_query(query)
    }

    pub(super) fn query_delete(&mut self, id: Uuid) -> Result<Reply, ApplyError> {
        if self.remove_query(id) { Ok(Reply::Done) } else { Err(missing(id)) }
    }

    pub(super) fn end_queries_of(&mut self, session: SessionId) {
        let bound = self.state.derived.queries_of.range((session, Uuid::nil())..);
        let ids: Vec<Uuid> = bound.take_while(|(of, _)| *of == session).map(|(_, id)| *id).collect();
        for id in ids {
            self.remove_query(id);
        }
    }

    fn put_query(&mut self, query: &PreparedQuery) -> Result<Reply, ApplyError> {
        let former = self.state.queries.get(&query.id).cloned();
        if former.as_ref().is_some_and(|former| *former.value == *query) {
            return Ok(Reply::Done);
        }
        self.check_name(query)?;
        if let Some(session) = query.session
            && !self.state.sessions.contains_key(&session)
        {
            return Err(ApplyError::Refused(format!("invalid session \"{session}\"")));
        }
        if let Some(former) = &former {
            self.state.derived.remove_query(&former.value);
        }
        self.state.derived.add_query(query);
        let create_index = former.map_or(self.index, |former| former.create_index);
        let stored = Indexed { value: Arc::new(query.clone()), create_index, modify_index: self.index };
        self.state.queries.insert(query.id, stored);
        self.touch(Topic::Queries);
        Ok(Reply::Done)
    }

    /// A query is found by its id or by its name: neither may be another's.
    fn check_name(&self, query: &PreparedQuery) -> Result<(), ApplyError> {
        let refused = |text: String| Err(ApplyError::Refused(text));
        if query.name.is_empty() && !query.is_template() {
            return Ok(());
        }
        if self.state.derived.query_names.get(&folded(&query.name)).is_some_and(|holder| *holder != query.id) {
            return refused(if query.name.is_empty() {
                "a query template with an empty name already exists".into()
            } else {
                format!("name '{}' aliases an existing query name", query.name)
            });
        }
        match Uuid::parse_str(&query.name) {
            Ok(id) if self.state.queries.contains_key(&id) => {
                refused(format!("name '{}' aliases an existing query ID", query.name))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn remove_query(&mut self, id: Uuid) -> bool {
        let Some(former) = self.state.queries.remove(&id) else { return false };
        self.state.derived.remove_query(&former.value);
        self.touch(Topic::Queries);
        true
    }
}

fn missing(id: Uuid) -> ApplyError {
    ApplyError::Refused(format!("Cannot modify non-existent prepared query: '{id}'"))
}
