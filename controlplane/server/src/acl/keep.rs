//! What a cluster with access control needs from time to time: its first tokens, and the end of old ones. Anybody
//! may propose it; whoever leads does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;
use uuid::Uuid;
use weft_model::acl::{AclOp, AclTable, Token};
use weft_model::secret::Secret;
use weft_model::{Command, Topic};
use weft_raft::{Raft, Role};
use weft_state::{State, StateView, Store, secret_hash};

use crate::clock::now;

/// Tokens are no good from the moment on which they expire; this is how long they may still be listed.
const EVERY: Duration = Duration::from_secs(5);

/// Sees to it for as long as the agent lives.
pub(crate) async fn run(store: Arc<Store>, raft: Arc<Raft>, initial: Option<Secret>) {
    let mut changes = store.subscribe(BTreeSet::from([Topic::Acl(AclTable::Tokens)]));
    loop {
        if raft.status().role == Role::Leader
            && let Some(op) = plan(&store.current(), initial.as_ref())
            && let Err(error) = store.propose(Command::Acl(Box::new(op))).await
        {
            tracing::warn!(%error, "access control could not be kept");
        }
        drop(timeout(EVERY, changes.changed()).await);
    }
}

/// The same once, for an agent that is alone and answers only when all is there.
pub(crate) async fn establish(store: &Store, initial: Option<&Secret>) -> anyhow::Result<()> {
    let op = plan(&store.current(), initial);
    if let Some(op) = op {
        store.propose(Command::Acl(Box::new(op))).await?;
    }
    Ok(())
}

fn plan(state: &State, initial: Option<&Secret>) -> Option<AclOp> {
    if StateView::new(state).token(Token::ANONYMOUS).is_none() {
        let created = now();
        let anonymous = Token {
            accessor: Token::ANONYMOUS,
            secret: secret_hash(&Token::ANONYMOUS_SECRET.into()),
            description: "Anonymous Token".to_owned(),
            created,
            ..Token::default()
        };
        let initial = initial.map(|secret| {
            Box::new(Token {
                accessor: Uuid::new_v4(),
                secret: secret_hash(secret),
                description: "Initial Management Token".to_owned(),
                created,
                ..Token::default()
            })
        });
        return Some(AclOp::Establish { anonymous: Box::new(anonymous), initial });
    }
    state.first_expiry().is_some_and(|first| first <= now()).then_some(AclOp::TokenReap)
}
