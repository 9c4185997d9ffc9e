//! Tokens as a client agent knows them: asked of servers, kept for a while, and for longer while no server answers
//! (Consul's `extend-cache`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;
use weft_model::acl::SecretHash;
use weft_model::secret::Secret;

use crate::clients::message::Known;

/// How long what a server has said holds: Consul's `token_ttl`.
const FRESH: Duration = Duration::from_secs(30);

/// After a failure nobody is asked for this long.
const PAUSE: Duration = Duration::from_secs(1);

/// Tokens come and go; what is not asked for any more goes when there are this many.
const ENTRIES_MAX: usize = 4096;

/// Whoever knows all tokens.
pub(crate) trait Elsewhere: Send + Sync {
    /// Who bears a token; `None`: nobody.
    fn who(&self, token: Secret) -> BoxFuture<'static, Result<Option<Known>, String>>;
}

/// What has been said of tokens.
pub(super) struct Remote {
    elsewhere: Arc<dyn Elsewhere>,
    entries: Mutex<HashMap<SecretHash, Entry>>,
}

struct Entry {
    /// `None`: nobody could be asked yet.
    said: Option<Option<Known>>,
    until: Instant,
}

impl Remote {
    pub(super) fn new(elsewhere: Arc<dyn Elsewhere>) -> Self {
        Self { elsewhere, entries: Mutex::default() }
    }

    /// Asks, unless it is known.
    pub(super) async fn prepare(&self, hash: SecretHash, token: Secret) {
        if self.entries.lock().get(&hash).is_some_and(|entry| Instant::now() < entry.until) {
            return;
        }
        let answer = self.elsewhere.who(token).await;
        let mut entries = self.entries.lock();
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        match answer {
            Ok(known) => {
                entries.insert(hash, Entry { said: Some(known), until: Instant::now() + FRESH });
            }
            Err(why) => {
                tracing::warn!("a token could not be asked about: {why}");
                let entry = entries.entry(hash).or_insert(Entry { said: None, until: Instant::now() });
                entry.until = Instant::now() + PAUSE;
            }
        }
    }

    /// What was said of a token last, if anything was.
    pub(super) fn known(&self, hash: &SecretHash) -> Option<Option<Known>> {
        self.entries.lock().get(hash).and_then(|entry| entry.said.clone())
    }
}
