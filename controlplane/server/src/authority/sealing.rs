//! Says in the log how the authority's private keys are stored, where an operator should know: they lie in clear,
//! or this server cannot open them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};
use weft_ca::seal::Keyring;
use weft_ca::seal::state::{Condition, condition};
use weft_model::Topic;
use weft_raft::Raft;
use weft_state::{StateView, Store};

/// How often is looked whether this server leads.
const EVERY: Duration = Duration::from_secs(10);
/// How often a fault that lasts is said again.
const REPEAT: Duration = Duration::from_secs(600);

/// Runs for ever.
pub(crate) async fn watch(store: Arc<Store>, raft: Arc<Raft>, keys: Keyring) {
    let mut subscription = store.subscribe(BTreeSet::from([Topic::Ca]));
    let mut last = (Condition::Good, false, Instant::now());
    loop {
        let ca = StateView::new(&store.current()).ca();
        let seen = ca.map_or(Condition::Good, |ca| condition(&keys, &ca.value));
        let leads = raft.leads();
        let lasts = matches!(seen, Condition::Shut(_)) && last.2.elapsed() >= REPEAT;
        if (&seen, leads) != (&last.0, last.1) || lasts {
            say(&seen, leads, last.0 != seen || lasts);
            last = (seen, leads, Instant::now());
        }
        // Either is a reason to look.
        drop(timeout(EVERY, subscription.changed()).await);
    }
}

fn say(seen: &Condition, leads: bool, is_news: bool) {
    match seen {
        Condition::Shut(fault) if is_news => {
            tracing::error!("no certificate can be issued here: {fault}");
        }
        Condition::Clear if leads => tracing::info!(
            "the CA's private keys are stored in clear, protected by the modes of the files only: connect.ca_seal_key_file \
             on every server seals them"
        ),
        Condition::Good | Condition::Clear | Condition::Shut(_) => {}
    }
}
