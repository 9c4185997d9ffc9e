//! The agent's access control: who bears which token, and what follows from it. HTTP, xDS and DNS ask here.
//!
//! ```text
//! secret ─digest─> State (token, roles, policies) ─> Authorizer, kept until anything of it changes
//! own tokens (configuration, API) ─> recovery, and what stands in for none
//! ```
//!
//! Every server has all tokens in its state, so that there is nobody to ask, and nothing that could be out of
//! date but the state itself.

mod cache;
mod keep;
mod login;
mod own;
mod remote;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use parking_lot::Mutex;
use weft_api::access::{AccessControl, AgentToken, Bearer, BearerName, LoginError, UnknownToken, Verified};
use weft_ca::seal::Keyring;
use weft_dns::Sight;
use weft_model::acl::{AuthMethod, Authorizer, Disposition, Fallback, Labelled, Rule, Rules, SecretHash, Token};
use weft_model::intention::DefaultPolicy;
use weft_model::secret::Secret;
use weft_model::{Datacenter, NodeName};
use weft_state::{Grant, State, secret_hash};

use crate::clients::message::Known;
use crate::clock::now;
use crate::config::{AclConfig, Config, DownPolicy};
use cache::Cache;
pub(crate) use keep::{establish, run};
use own::OwnTokens;
pub(crate) use remote::Elsewhere;
use remote::Remote;

/// The file in the data directory that allows another bootstrap; it holds the index that the refusal names.
const RESET_FILE: &str = "acl-bootstrap-reset";

/// Access control. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Acl {
    shared: Arc<Shared>,
}

struct Shared {
    enabled: bool,
    key_list_policy: bool,
    fallback: Fallback,
    datacenter: Datacenter,
    data_dir: Option<PathBuf>,
    off: Bearer,
    recovery: Bearer,
    anonymous: SecretHash,
    own: OwnTokens,
    cache: Mutex<Cache>,
    remote: OnceLock<Remote>,
    token_ttl: Duration,
    down: DownPolicy,
    /// What secrets of auth methods are sealed with.
    seal_keys: Keyring,
}

impl Acl {
    /// Access control as configured, for the agent of this node.
    ///
    /// # Errors
    /// Tokens that were kept cannot be read.
    pub(crate) fn new(config: &Config) -> anyhow::Result<Self> {
        let AclConfig { enabled, key_list_policy, token_persistence, ref tokens, default_policy, token_ttl, .. } =
            config.acl;
        let fallback = match default_policy {
            DefaultPolicy::Allow => Fallback::Allow,
            DefaultPolicy::Deny => Fallback::Deny,
        };
        let data_dir = config.data_dir.clone();
        let kept_in = data_dir.as_ref().filter(|_| token_persistence && enabled);
        Ok(Self {
            shared: Arc::new(Shared {
                enabled,
                key_list_policy,
                fallback,
                datacenter: config.node.datacenter.clone(),
                off: bearer(Rules::default(), Fallback::Off, BearerName::Token(Token::ANONYMOUS)),
                recovery: bearer(recovery_rules(&config.node.name), fallback, BearerName::Recovery),
                anonymous: secret_hash(&Token::ANONYMOUS_SECRET.into()),
                own: OwnTokens::open(tokens.clone(), kept_in.map(|dir| dir.join(own::FILE)))?,
                data_dir,
                cache: Mutex::default(),
                remote: OnceLock::new(),
                token_ttl,
                down: config.acl.down_policy,
                seal_keys: config.ca_seal_keys.clone(),
            }),
        })
    }

    /// Takes over the agent's own tokens of another configuration.
    pub(crate) fn configure(&self, tokens: &BTreeMap<AgentToken, Secret>) {
        self.shared.own.configure(tokens);
    }

    /// What requests without a token are passed on with; empty: nothing.
    pub(crate) fn default_token(&self) -> Secret {
        self.shared.own.token(AgentToken::Default)
    }

    /// What the agent itself writes with.
    pub(crate) fn agent_token(&self) -> Secret {
        let own = self.shared.own.token(AgentToken::Agent);
        if own.is_empty() { self.default_token() } else { own }
    }

    /// What services of the files are registered with.
    pub(crate) fn registration_token(&self) -> Secret {
        let own = self.shared.own.token(AgentToken::Registration);
        if own.is_empty() { self.default_token() } else { own }
    }

    /// What names are looked up with.
    pub(crate) fn dns_token(&self) -> Secret {
        let own = self.shared.own.token(AgentToken::Dns);
        if own.is_empty() { self.default_token() } else { own }
    }

    /// From now on others say who bears a token: this agent's own state knows none.
    pub(crate) fn ask(&self, elsewhere: Arc<dyn Elsewhere>) {
        let Shared { remote, token_ttl, down, .. } = &*self.shared;
        drop(remote.set(Remote::new(elsewhere, *token_ttl, *down)));
    }

    /// What a token grants now; `None`: nobody bears it. An empty one is the anonymous one.
    pub(crate) fn grant(&self, token: &Secret, state: &State) -> Option<Grant> {
        let hash = if token.is_empty() { self.shared.anonymous } else { secret_hash(token) };
        let grant = state.grant(&hash, self.shared.datacenter.as_str())?;
        grant.expires.is_none_or(|expires| expires > now()).then_some(grant)
    }

    /// The token that stands for the one of a request.
    fn effective(&self, token: &Secret) -> Secret {
        let default = self.shared.own.token(AgentToken::Default);
        let tokens = [token.clone(), default, Token::ANONYMOUS_SECRET.into()];
        tokens.into_iter().find(|token| !token.is_empty()).unwrap_or_default()
    }

    /// As others have said.
    fn of_others(&self, remote: &Remote, hash: SecretHash) -> Result<Bearer, UnknownToken> {
        let shared = &*self.shared;
        let known = match remote.known(&hash) {
            Some(known) => known,
            // Nobody could be asked.
            None => {
                return match shared.down {
                    DownPolicy::Allow => Ok(shared.off.clone()),
                    DownPolicy::ExtendCache if hash == shared.anonymous => Ok(nobody(shared.fallback)),
                    DownPolicy::Deny if hash == shared.anonymous => Ok(nobody(Fallback::Deny)),
                    DownPolicy::Deny | DownPolicy::ExtendCache => Err(UnknownToken),
                };
            }
        };
        match known {
            Some(Known { accessor, rules }) => {
                let fallback = if rules.is_some() { shared.fallback } else { Fallback::Deny };
                Ok(bearer(rules.unwrap_or_default(), fallback, BearerName::Token(accessor)))
            }
            None if hash == shared.anonymous => Ok(nobody(shared.fallback)),
            None => Err(UnknownToken),
        }
    }

    fn of_state(&self, hash: SecretHash, state: &State) -> Result<Bearer, UnknownToken> {
        let shared = &*self.shared;
        if let Some(remote) = shared.remote.get() {
            return self.of_others(remote, hash);
        }
        if let Some(bearer) = shared.cache.lock().get(&hash, state.acl_changed_at(), now()) {
            return Ok(bearer);
        }
        let Some(grant) = state.grant(&hash, shared.datacenter.as_str()) else {
            // Before a cluster is established there is no anonymous token yet.
            let is_anonymous = hash == shared.anonymous;
            return is_anonymous.then(|| nobody(shared.fallback)).ok_or(UnknownToken);
        };
        if grant.expires.is_some_and(|expires| expires <= now()) {
            return Err(UnknownToken);
        }
        let fallback = if grant.rules.is_some() { shared.fallback } else { Fallback::Deny };
        let found = bearer(grant.rules.unwrap_or_default(), fallback, BearerName::Token(grant.accessor));
        shared.cache.lock().put(hash, state.acl_changed_at(), found.clone(), grant.expires);
        Ok(found)
    }
}

fn bearer(rules: Rules, fallback: Fallback, name: BearerName) -> Bearer {
    Bearer { authorizer: Arc::new(Authorizer::new(rules, fallback)), name }
}

/// Whoever brings no token.
fn nobody(fallback: Fallback) -> Bearer {
    bearer(Rules::default(), fallback, BearerName::Token(Token::ANONYMOUS))
}

/// This agent's own endpoints, and the nodes that there are.
fn recovery_rules(node: &NodeName) -> Rules {
    let mut rules = Rules::default();
    let rule = |policy| Rule { policy, intentions: None };
    rules.set(Labelled::Agent, node.as_str(), false, rule(Disposition::Write));
    rules.set(Labelled::Node, "", true, rule(Disposition::Read));
    rules
}

impl AccessControl for Acl {
    fn enabled(&self) -> bool {
        self.shared.enabled
    }

    fn guards_key_lists(&self) -> bool {
        self.shared.key_list_policy
    }

    fn bearer(&self, token: &Secret, state: &State) -> Result<Bearer, UnknownToken> {
        let shared = &*self.shared;
        if !shared.enabled {
            return Ok(shared.off.clone());
        }
        if !token.is_empty() {
            let hash = secret_hash(token);
            return match shared.own.is_recovery(&hash) {
                true => Ok(shared.recovery.clone()),
                false => self.of_state(hash, state),
            };
        }
        let hash = shared.own.default_hash().unwrap_or(shared.anonymous);
        self.of_state(hash, state)
    }

    fn prepare<'a>(&'a self, token: &'a Secret) -> BoxFuture<'a, ()> {
        async move {
            let Some(remote) = self.shared.remote.get() else { return };
            let token = self.effective(token);
            let hash = secret_hash(&token);
            if !self.shared.own.is_recovery(&hash) {
                remote.prepare(hash, token).await;
            }
        }
        .boxed()
    }

    fn set_token(&self, kind: AgentToken, token: Secret) -> Result<(), String> {
        self.shared.own.set(kind, token)
    }

    fn bootstrap_reset(&self) -> u64 {
        let Some(path) = self.shared.data_dir.as_ref().map(|dir| dir.join(RESET_FILE)) else { return 0 };
        let Ok(text) = std::fs::read_to_string(&path) else { return 0 };
        if let Err(error) = std::fs::remove_file(&path) {
            // It would allow the next bootstrap too.
            tracing::warn!(%error, path = %path.display(), "cannot be removed, and so is not used");
            return 0;
        }
        text.trim().parse().unwrap_or(0)
    }

    fn check_method(&self, method: AuthMethod, state: &State) -> Result<AuthMethod, String> {
        login::stored(&self.shared.seal_keys, method, state)
    }

    fn variables(&self, method: &AuthMethod) -> Verified {
        login::variables(method)
    }

    fn verify(&self, method: AuthMethod, bearer: Secret) -> BoxFuture<'_, Result<Verified, LoginError>> {
        async move { login::verify(&self.shared.seal_keys, &method, &bearer).await }.boxed()
    }
}

impl Sight for Acl {
    /// By the token for DNS, or the one for requests without any. Who bears a token that is none sees nothing.
    fn authorizer(&self, state: &State) -> Option<Arc<Authorizer>> {
        let shared = &*self.shared;
        if !shared.enabled {
            return None;
        }
        let hash = shared.own.dns_hash().or_else(|| shared.own.default_hash()).unwrap_or(shared.anonymous);
        let bearer = self.of_state(hash, state);
        let nothing = || Arc::new(Authorizer::new(Rules::default(), Fallback::Deny));
        Some(bearer.map_or_else(|UnknownToken| nothing(), |bearer| bearer.authorizer))
    }
}
