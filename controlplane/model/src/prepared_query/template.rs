//! Templates: one stored query that answers for all names that begin with its own.

use regex::Regex;

use super::PreparedQuery;
use super::format::{Format, FormatError, Scope};
use crate::regexp;

/// The one type of template there is.
const NAME_PREFIX_MATCH: &str = "name_prefix_match";

/// A template that is known to make sense.
pub(super) struct Compiled<'a> {
    query: &'a PreparedQuery,
    regexp: Option<Regex>,
}

impl PreparedQuery {
    /// Checks the template's type, its expression and all texts with `${…}` in them.
    pub(super) fn compiled(&self) -> Result<Compiled<'_>, String> {
        if self.template.kind != NAME_PREFIX_MATCH {
            return Err(format!("Bad Template.Type '{}'", self.template.kind));
        }
        let regexp = match self.template.regexp.as_str() {
            "" => None,
            text => Some(regexp::compile(text).map_err(|error| format!("Bad Regexp: {error}"))?),
        };
        let compiled = Compiled { query: self, regexp };
        compiled.render(&self.name, "")?;
        Ok(compiled)
    }

    /// The query for one name, in which all `${…}` are replaced.
    ///
    /// # Errors
    /// The template makes no sense.
    pub fn render(&self, name: &str, segment: &str) -> Result<Self, String> {
        self.compiled()?.render(name, segment)
    }
}

impl Compiled<'_> {
    fn render(&self, name: &str, segment: &str) -> Result<PreparedQuery, String> {
        let found = self.regexp.as_ref().and_then(|regexp| regexp.captures(name));
        let groups = found.iter().flat_map(regex::Captures::iter);
        let matches = groups.map(|group| group.map_or("", |group| group.as_str())).collect();
        let scope = Scope { full: name, prefix: &self.query.name, segment, matches };
        let mut rendered = self.query.clone();
        let service = &mut rendered.service;
        service.service = filled("Service", service.service.as_str(), &scope)?.into();
        service.near = filled("Near", &service.near, &scope)?;
        service.peer = filled("Peer", &service.peer, &scope)?;
        for (at, tag) in service.tags.iter_mut().enumerate() {
            *tag = filled(&format!("Tags[{at}]"), tag, &scope)?;
        }
        for (at, id) in service.ignore_check_ids.iter_mut().enumerate() {
            *id = filled(&format!("IgnoreCheckIDs[{at}]"), id.as_str(), &scope)?.into();
        }
        for (at, datacenter) in service.failover.datacenters.iter_mut().enumerate() {
            *datacenter = filled(&format!("Failover.Datacenters[{at}]"), datacenter, &scope)?;
        }
        for (what, meta) in [("NodeMeta", &mut service.node_meta), ("ServiceMeta", &mut service.service_meta)] {
            for (key, value) in meta.iter_mut() {
                *value = filled(&format!("{what}[{key}]"), value, &scope)?;
            }
        }
        if self.query.template.remove_empty_tags {
            service.tags.retain(|tag| !tag.is_empty());
        }
        Ok(rendered)
    }
}

fn filled(place: &str, text: &str, scope: &Scope<'_>) -> Result<String, String> {
    if !text.contains("${") {
        return Ok(text.to_owned());
    }
    let format = Format::parse(text).map_err(|error| match error {
        FormatError::Syntax => format!("Bad format '{text}' in Service.{place}: parse error: syntax error"),
        FormatError::Meaning(what) => format!("Bad evaluation for '{text}' in Service.{place}: {what}"),
    })?;
    Ok(format.render(scope))
}
