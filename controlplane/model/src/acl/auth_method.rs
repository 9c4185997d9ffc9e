//! Auth methods: who vouches for somebody that has no token yet, and what follows from it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::policy::is_name;
use crate::time::GoDuration;

/// A way to log in. Of its configuration, debug output shows the keys only.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AuthMethod {
    pub name: String,
    /// `jwt` or `kubernetes`.
    pub kind: String,
    pub display_name: String,
    pub description: String,
    /// Zero: tokens live until they log out.
    pub max_token_ttl: GoDuration,
    /// Empty or `local`: tokens of this datacenter; `global`: of all.
    pub token_locality: String,
    /// Checked when it is written, by whoever knows the kind.
    pub config: Map<String, Value>,
}

/// What a login by a method grants, where its selector fits.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BindingRule {
    pub id: Uuid,
    pub description: String,
    pub auth_method: String,
    pub selector: String,
    pub bind_type: String,
    pub bind_name: String,
    /// For templated policies: the name that fills the template in.
    pub bind_vars: Option<String>,
}

impl AuthMethod {
    /// The kinds that there are.
    pub const KINDS: [&'static str; 2] = ["jwt", "kubernetes"];

    /// The keys of a configuration that prove something, and are shown to nobody.
    pub const SECRETS: [&'static str; 2] = ["ServiceAccountJWT", "OIDCClientSecret"];

    /// Whether a key of a configuration, in any case, is one of these.
    #[must_use]
    pub fn is_secret(key: &str) -> bool {
        Self::SECRETS.iter().any(|secret| secret.eq_ignore_ascii_case(key))
    }

    /// What is secret in the configuration, with its keys.
    #[must_use]
    pub fn secrets(&self) -> Vec<(&str, &str)> {
        let secrets = self.config.iter().filter(|(key, _)| Self::is_secret(key));
        secrets.filter_map(|(key, value)| Some((key.as_str(), value.as_str()?))).collect()
    }

    /// The same, to be replaced.
    pub fn secrets_mut(&mut self) -> Vec<(String, &mut String)> {
        let secrets = self.config.iter_mut().filter(|(key, _)| Self::is_secret(key));
        // What is no text is refused when it is written.
        let texts =
            secrets.filter_map(|(key, value)| if let Value::String(text) = value { Some((key, text)) } else { None });
        texts.map(|(key, text)| (key.clone(), text)).collect()
    }

    /// Checks what does not depend on the kind.
    ///
    /// # Errors
    /// What is wrong, in Consul's words.
    pub fn validate(&self) -> Result<(), String> {
        const TTL: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(24 * 3600));
        if self.name.is_empty() {
            return Err("Invalid Auth Method: no Name is set".to_owned());
        }
        if !is_name(&self.name, 128) {
            return Err(
                "Invalid Auth Method: invalid Name. Only alphanumeric characters, '-' and '_' are allowed".to_owned()
            );
        }
        if !Self::KINDS.contains(&self.kind.as_str()) {
            return Err("Invalid Auth Method: Type should be one of: [jwt kubernetes]".to_owned());
        }
        let ttl = &self.max_token_ttl;
        if !ttl.is_zero() && ttl.0 < TTL.0 {
            return Err(format!("MaxTokenTTL {ttl} cannot be less than {}", GoDuration(TTL.0)));
        }
        if ttl.0 > TTL.1 {
            return Err(format!("MaxTokenTTL {ttl} cannot be more than {}", GoDuration(TTL.1)));
        }
        if !matches!(self.token_locality.as_str(), "" | "local" | "global") {
            return Err("Invalid Auth Method: TokenLocality should be one of 'local' or 'global'".to_owned());
        }
        Ok(())
    }
}

impl fmt::Debug for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<_> = self.config.keys().collect();
        f.debug_struct("AuthMethod").field("name", &self.name).field("kind", &self.kind).field("config", &keys).finish()
    }
}

impl BindingRule {
    /// Checks what does not depend on the auth method.
    ///
    /// # Errors
    /// What is wrong, in Consul's words.
    pub fn validate(&self) -> Result<(), String> {
        if self.auth_method.is_empty() {
            return Err("Invalid Binding Rule: no AuthMethod is set".to_owned());
        }
        if self.bind_type.is_empty() {
            return Err("Invalid Binding Rule: no BindType is set".to_owned());
        }
        if !matches!(self.bind_type.as_str(), "service" | "role" | "node" | "policy" | "templated-policy") {
            return Err(format!("Invalid Binding Rule: unknown BindType {:?}", self.bind_type));
        }
        if self.bind_name.is_empty() {
            return Err("Invalid Binding Rule: no BindName is set".to_owned());
        }
        if self.bind_vars.is_some() && self.bind_type != "templated-policy" {
            return Err("invalid Binding Rule: BindVars cannot be set when bind type is not templated-policy.".into());
        }
        Ok(())
    }
}
