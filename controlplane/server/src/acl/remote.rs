//! Tokens as a client agent knows them: asked of servers, kept for a while, and for longer while no server answers,
//! unless the configuration has another way for that.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::Instant;
use weft_model::acl::SecretHash;
use weft_model::secret::Secret;

use crate::clients::message::Known;
use crate::config::DownPolicy;

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
    /// How long what a server has said holds.
    fresh: Duration,
    down: DownPolicy,
    entries: Mutex<HashMap<SecretHash, Entry>>,
}

struct Entry {
    /// `None`: nobody could be asked.
    said: Option<Option<Known>>,
    until: Instant,
}

impl Remote {
    pub(super) fn new(elsewhere: Arc<dyn Elsewhere>, fresh: Duration, down: DownPolicy) -> Self {
        Self { elsewhere, fresh, down, entries: Mutex::default() }
    }

    /// Asks, unless it is known.
    pub(super) async fn prepare(&self, hash: SecretHash, token: Secret) {
        if self.entries.lock().get(&hash).is_some_and(|entry| Instant::now() < entry.until) {
            return;
        }
        let answer = self.elsewhere.who(token).await;
        let mut entries = self.entries.lock();
        if entries.len() >= ENTRIES_MAX {
            // Whoever makes tokens up does not drive out those that there are.
            entries.retain(|_, entry| matches!(entry.said, Some(Some(_))));
        }
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        match answer {
            Ok(known) => {
                entries.insert(hash, Entry { said: Some(known), until: Instant::now() + self.fresh });
            }
            Err(why) => {
                tracing::warn!("a token could not be asked about: {why}");
                let entry = entries.entry(hash).or_insert(Entry { said: None, until: Instant::now() });
                entry.until = Instant::now() + PAUSE;
                if self.down != DownPolicy::ExtendCache {
                    entry.said = None;
                }
            }
        }
    }

    /// What was said of a token last, if anything was.
    pub(super) fn known(&self, hash: &SecretHash) -> Option<Option<Known>> {
        self.entries.lock().get(hash).and_then(|entry| entry.said.clone())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use futures::FutureExt;
    use futures::future::ready;

    use super::*;

    /// Servers that know one token, as long as they are up.
    #[derive(Default)]
    struct Servers {
        down: AtomicBool,
        asked: AtomicUsize,
    }

    impl Elsewhere for Servers {
        fn who(&self, token: Secret) -> BoxFuture<'static, Result<Option<Known>, String>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let known = (token.reveal() == "good").then(|| Known { accessor: uuid::Uuid::nil(), rules: None });
            ready(if self.down.load(Ordering::SeqCst) { Err("down".to_owned()) } else { Ok(known) }).boxed()
        }
    }

    async fn ask(remote: &Remote, token: &str) -> Option<Option<Known>> {
        let secret = Secret::from(token);
        let hash = weft_state::secret_hash(&secret);
        remote.prepare(hash, secret).await;
        remote.known(&hash)
    }

    const TTL: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn an_answer_holds_for_its_time() {
        let servers = Arc::new(Servers::default());
        let remote = Remote::new(servers.clone(), TTL, DownPolicy::ExtendCache);
        for (wait, asked) in [(0, 1), (9, 1), (2, 2)] {
            tokio::time::advance(Duration::from_secs(wait)).await;
            assert!(ask(&remote, "good").await.unwrap().is_some());
            assert_eq!(servers.asked.load(Ordering::SeqCst), asked);
        }
        assert!(ask(&remote, "bad").await.unwrap().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn while_no_server_answers_the_configuration_decides() {
        for (down, extends) in [(DownPolicy::ExtendCache, true), (DownPolicy::Deny, false), (DownPolicy::Allow, false)]
        {
            let servers = Arc::new(Servers::default());
            let remote = Remote::new(servers.clone(), TTL, down);
            assert!(ask(&remote, "good").await.unwrap().is_some());
            servers.down.store(true, Ordering::SeqCst);
            assert!(ask(&remote, "good").await.unwrap().is_some(), "the answer still holds");
            tokio::time::advance(TTL * 2).await;
            assert_eq!(ask(&remote, "good").await.flatten().is_some(), extends, "{down:?}");
            assert!(ask(&remote, "other").await.is_none(), "{down:?}");
            servers.down.store(false, Ordering::SeqCst);
            tokio::time::advance(PAUSE * 2).await;
            assert!(ask(&remote, "good").await.unwrap().is_some());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_makes_tokens_up_drives_out_none_that_there_is() {
        let remote = Remote::new(Arc::new(Servers::default()), TTL, DownPolicy::ExtendCache);
        ask(&remote, "good").await;
        for number in 0..ENTRIES_MAX * 2 {
            ask(&remote, &number.to_string()).await;
        }
        assert!(remote.known(&weft_state::secret_hash(&"good".into())).flatten().is_some());
        assert!(remote.entries.lock().len() <= ENTRIES_MAX);
    }
}
