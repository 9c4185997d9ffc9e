//! The agent's own tokens: from its configuration, changed by its API, and kept if it is told to.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use weft_api::access::AgentToken;
use weft_model::acl::SecretHash;
use weft_model::secret::Secret;
use weft_state::secret_hash;

/// Where they are kept, in the data directory.
pub(super) const FILE: &str = "acl-tokens.json";

pub(super) struct OwnTokens {
    tokens: Mutex<Tokens>,
    kept_in: Option<PathBuf>,
}

#[derive(Clone, Default)]
struct Tokens {
    all: BTreeMap<AgentToken, Secret>,
    /// Those that the API has set. They come before those of the configuration.
    given: BTreeMap<AgentToken, Secret>,
    default: Option<SecretHash>,
    dns: Option<SecretHash>,
    recovery: Option<SecretHash>,
}

impl Tokens {
    fn index(mut self) -> Self {
        let hash = |kind| self.all.get(&kind).filter(|token| !token.is_empty()).map(secret_hash);
        (self.default, self.dns, self.recovery) =
            (hash(AgentToken::Default), hash(AgentToken::Dns), hash(AgentToken::Recovery));
        self
    }
}

impl OwnTokens {
    pub(super) fn open(configured: BTreeMap<AgentToken, Secret>, kept_in: Option<PathBuf>) -> anyhow::Result<Self> {
        let given = kept_in.as_deref().map(read).transpose()?.unwrap_or_default();
        let mut all = configured;
        all.extend(given.iter().map(|(kind, token)| (*kind, token.clone())));
        Ok(Self { tokens: Mutex::new(Tokens { all, given, ..Tokens::default() }.index()), kept_in })
    }

    /// Exchanges those of the configuration. Those that the API has set stay before them.
    pub(super) fn configure(&self, configured: &BTreeMap<AgentToken, Secret>) {
        let mut tokens = self.tokens.lock();
        let mut all = configured.clone();
        all.extend(tokens.given.iter().map(|(kind, token)| (*kind, token.clone())));
        *tokens = Tokens { all, given: tokens.given.clone(), ..Tokens::default() }.index();
    }

    pub(super) fn default_hash(&self) -> Option<SecretHash> {
        self.tokens.lock().default
    }

    /// Empty: there is none.
    pub(super) fn token(&self, kind: AgentToken) -> Secret {
        self.tokens.lock().all.get(&kind).cloned().unwrap_or_default()
    }

    pub(super) fn dns_hash(&self) -> Option<SecretHash> {
        self.tokens.lock().dns
    }

    /// Digests tell nothing about how much of a guess was right.
    pub(super) fn is_recovery(&self, hash: &SecretHash) -> bool {
        self.tokens.lock().recovery.as_ref() == Some(hash)
    }

    pub(super) fn set(&self, kind: AgentToken, token: Secret) -> Result<(), String> {
        let mut tokens = self.tokens.lock().clone();
        tokens.all.insert(kind, token.clone());
        tokens.given.insert(kind, token);
        let tokens = tokens.index();
        if let Some(path) = &self.kept_in {
            write(path, &tokens.given).map_err(|error| format!("failed to persist tokens: {error}"))?;
        }
        *self.tokens.lock() = tokens;
        Ok(())
    }
}

const NAMES: [(AgentToken, &str); 6] = [
    (AgentToken::Default, "default"),
    (AgentToken::Agent, "agent"),
    (AgentToken::Recovery, "agent_recovery"),
    (AgentToken::Replication, "replication"),
    (AgentToken::Dns, "dns"),
    (AgentToken::Registration, "config_file_service_registration"),
];

fn read(path: &Path) -> anyhow::Result<BTreeMap<AgentToken, Secret>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let kept: Map<String, Value> =
        serde_json::from_str(&text).map_err(|_| anyhow::anyhow!("{} is damaged", path.display()))?;
    let known = NAMES.into_iter().filter_map(|(kind, name)| Some((kind, kept.get(name)?.as_str()?.into())));
    Ok(known.collect())
}

/// Whole or not at all, and for nobody else to read.
fn write(path: &Path, tokens: &BTreeMap<AgentToken, Secret>) -> std::io::Result<()> {
    let named = NAMES.into_iter().filter_map(|(kind, name)| {
        let token = tokens.get(&kind)?;
        Some((name.to_owned(), Value::from(token.reveal())))
    });
    let text = Value::Object(named.collect()).to_string();
    let draft = path.with_extension("tmp");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
