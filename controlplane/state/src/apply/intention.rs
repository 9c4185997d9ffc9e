//! Single intentions: each write edits one source of the destination's `service-intentions` entry.

use weft_model::command::{IntentionForm, IntentionKey, IntentionWrite};
use weft_model::config_entry::{Kind, ServiceIntentions, Source};
use weft_model::intention::Legacy;
use weft_model::{ApplyError, Reply, ServiceName};

use super::Txn;

impl Txn {
    pub(super) fn intention_upsert(&mut self, write: &IntentionWrite) -> Result<Reply, ApplyError> {
        let legacy = self.legacy_part(write)?;
        let mut entry = self.intentions_of(&write.destination);
        let source = Source {
            name: write.source.clone(),
            action: write.action,
            permissions: write.permissions.clone(),
            description: write.description.clone(),
            legacy,
            ..Source::default()
        };
        match entry.sources.iter_mut().find(|known| known.name == source.name) {
            Some(known) => *known = source,
            None => entry.sources.push(source),
        }
        entry.normalize();
        self.put_config(entry.into());
        Ok(Reply::Done)
    }

    pub(super) fn intention_delete(&mut self, key: &IntentionKey) -> Result<Reply, ApplyError> {
        let (source, destination) = match key {
            IntentionKey::Exact { source, destination } => (source.clone(), destination.clone()),
            IntentionKey::Legacy(id) => self
                .find_legacy(id)
                .ok_or_else(|| ApplyError::Refused(format!("Cannot delete non-existent intention: '{id}'")))?,
        };
        let mut entry = self.intentions_of(&destination);
        entry.sources.retain(|known| known.name != source);
        if entry.sources.is_empty() {
            self.remove_config(Kind::ServiceIntentions, destination.as_str());
        } else {
            self.put_config(entry.into());
        }
        Ok(Reply::Done)
    }

    /// What the id-based endpoints keep beside the source; removes the former place of a moved intention.
    fn legacy_part(&mut self, write: &IntentionWrite) -> Result<Option<Legacy>, ApplyError> {
        let existing =
            self.intentions_of(&write.destination).sources.into_iter().find(|known| known.name == write.source);
        match &write.form {
            // A write by names keeps the id under which old clients know the intention.
            IntentionForm::Exact => {
                Ok(existing.and_then(|known| known.legacy).map(|legacy| Legacy { updated_at: self.at, ..legacy }))
            }
            IntentionForm::LegacyCreate { id, meta } => {
                if let Some(known) = existing {
                    return Err(ApplyError::Refused(duplicate(&known, &write.destination)));
                }
                Ok(Some(Legacy { id: id.clone(), meta: meta.clone(), created_at: self.at, updated_at: self.at }))
            }
            IntentionForm::LegacyUpdate { id, meta } => {
                let (source, destination) = self
                    .find_legacy(id)
                    .ok_or_else(|| ApplyError::Refused(format!("Cannot modify non-existent intention: '{id}'")))?;
                let moved = source != write.source || destination != write.destination;
                if let Some(known) = existing.as_ref().filter(|_| moved) {
                    return Err(ApplyError::Refused(duplicate(known, &write.destination)));
                }
                let former = self.intentions_of(&destination).sources.into_iter().find(|known| known.name == source);
                let created_at = former.and_then(|known| known.legacy).map_or(self.at, |legacy| legacy.created_at);
                if moved {
                    self.intention_delete(&IntentionKey::Exact { source, destination })?;
                }
                Ok(Some(Legacy { id: id.clone(), meta: meta.clone(), created_at, updated_at: self.at }))
            }
        }
    }

    /// The destination's entry, or an empty one.
    fn intentions_of(&self, destination: &ServiceName) -> ServiceIntentions {
        let stored = self.state.config.get(&(Kind::ServiceIntentions, destination.as_str().to_owned()));
        let entry = stored.and_then(|stored| stored.value.document().cloned());
        entry.unwrap_or_else(|| ServiceIntentions { name: destination.clone(), ..ServiceIntentions::default() })
    }

    /// Source and destination of the intention with this id.
    fn find_legacy(&self, id: &str) -> Option<(ServiceName, ServiceName)> {
        self.state.entries_of(Kind::ServiceIntentions).find_map(|(_, stored)| {
            let entry = stored.value.document::<ServiceIntentions>()?;
            let has_id = |known: &&Source| known.legacy.as_ref().is_some_and(|legacy| legacy.id == id);
            let source = entry.sources.iter().find(has_id)?;
            Some((source.name.clone(), entry.name.clone()))
        })
    }
}

fn duplicate(known: &Source, destination: &ServiceName) -> String {
    let action = known.action.map_or("", weft_model::intention::Action::as_str).to_uppercase();
    let id = known.legacy.as_ref().map_or("", |legacy| legacy.id.as_str());
    format!(
        "duplicate intention found: {action} default/{} => default/{destination} (ID: {id}, Precedence: {})",
        known.name, known.precedence
    )
}
