//! Prepared queries: a search for instances of a service that is stored under a name, so that clients of
//! DNS, too, can use tags, metadata, distance and failover.

mod format;
mod template;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::catalog::Meta;
use crate::names::{CheckId, ServiceName};
use crate::secret::Secret;
use crate::session::SessionId;
use crate::time::GoDuration;

/// The word that stands for a token in answers. Nobody's token is called so.
pub const REDACTED_TOKEN: &str = "<hidden>";

/// A stored search. The serde names are Consul's: bodies are read into it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PreparedQuery {
    #[serde(rename = "ID")]
    pub id: Uuid,
    /// Unique where it is not empty, in any case of letters. Of a template: what names begin with.
    pub name: String,
    /// The query ends with this session.
    pub session: Option<SessionId>,
    /// Under which the query runs, instead of the caller's.
    pub token: Secret,
    pub template: Template,
    pub service: ServiceQuery,
    #[serde(rename = "DNS")]
    pub dns: DnsOptions,
}

/// Makes a query answer for many names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Template {
    /// Empty, or `name_prefix_match`.
    #[serde(rename = "Type")]
    pub kind: String,
    /// Cuts the name into what `${match(N)}` gives.
    pub regexp: String,
    pub remove_empty_tags: bool,
}

/// What to search for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceQuery {
    pub service: ServiceName,
    pub failover: Failover,
    /// Warnings count as failures.
    pub only_passing: bool,
    #[serde(rename = "IgnoreCheckIDs")]
    pub ignore_check_ids: Vec<CheckId>,
    /// The node whose neighbours come first; `_agent` is the asked agent's, `_ip` the caller's.
    pub near: String,
    /// All must be there; those with `!` in front must not.
    pub tags: Vec<String>,
    pub node_meta: Meta,
    pub service_meta: Meta,
    /// Answer with mesh endpoints.
    pub connect: bool,
    /// Search among what this peer exports.
    pub peer: String,
}

/// Where else to search when nothing is found here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Failover {
    /// This many of the nearest datacenters are tried first.
    pub nearest_n: i64,
    pub datacenters: Vec<String>,
    /// Instead of the two: places in the order in which they are tried.
    pub targets: Vec<FailoverTarget>,
}

/// A place to search in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FailoverTarget {
    pub peer: String,
    pub datacenter: String,
    pub partition: String,
    pub namespace: String,
}

/// How DNS answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DnsOptions {
    /// A duration as it was written; empty: the server's own.
    #[serde(rename = "TTL")]
    pub ttl: String,
}

impl DnsOptions {
    /// The time to live, where the query has one of its own.
    #[must_use]
    pub fn ttl(&self) -> Option<GoDuration> {
        GoDuration::parse(&self.ttl).ok()
    }
}

impl PreparedQuery {
    /// Whether the query answers for names that begin with its own.
    #[must_use]
    pub fn is_template(&self) -> bool {
        !self.template.kind.is_empty()
    }

    /// Checks what can be checked without the state.
    ///
    /// # Errors
    /// Consul's words for the first fault.
    pub fn validate(&self) -> Result<(), String> {
        let invalid = |text: String| format!("Invalid prepared query: {text}");
        if self.name.is_empty() && !self.is_template() && self.session.is_none() {
            return Err(invalid("Must be bound to a session".into()));
        }
        if self.token.reveal() == REDACTED_TOKEN {
            return Err(invalid(format!(
                "Bad Token '{REDACTED_TOKEN}', it looks like a query definition with a redacted token was submitted"
            )));
        }
        self.service.validate().map_err(invalid)?;
        self.dns.validate().map_err(invalid)?;
        if self.is_template() {
            self.compiled().map_err(|text| format!("failed compiling template: {text}"))?;
        }
        Ok(())
    }
}

impl ServiceQuery {
    fn validate(&self) -> Result<(), String> {
        if self.service.is_empty() {
            return Err("Must provide a Service name to query".into());
        }
        if self.failover.nearest_n < 0 {
            return Err(format!("Bad NearestN '{}', must be >= 0", self.failover.nearest_n));
        }
        let elsewhere = self.failover.nearest_n > 0 || !self.failover.datacenters.is_empty();
        if elsewhere && !self.failover.targets.is_empty() {
            return Err("Failover.Targets cannot be combined with Failover.NearestN or Failover.Datacenters".into());
        }
        let is_odd = |key: &str| {
            key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        match self.node_meta.iter().find(|(key, _)| is_odd(key)) {
            Some((key, _)) if key.is_empty() => Err("Couldn't load metadata pair ('', ''): Key cannot be blank".into()),
            Some((key, value)) => {
                Err(format!("Couldn't load metadata pair ('{key}', '{value}'): Key contains invalid characters"))
            }
            None => Ok(()),
        }
    }
}

impl DnsOptions {
    fn validate(&self) -> Result<(), String> {
        if self.ttl.is_empty() {
            return Ok(());
        }
        if let Some(magnitude) = self.ttl.strip_prefix('-')
            && let Ok(ttl) = GoDuration::parse(magnitude)
            && !ttl.is_zero()
        {
            return Err(format!("DNS TTL '-{}', must be >=0", ttl.0.as_nanos()));
        }
        GoDuration::parse(&self.ttl).map(drop).map_err(|error| format!("Bad DNS TTL '{}': {error}", self.ttl))
    }
}

#[cfg(test)]
mod tests;
