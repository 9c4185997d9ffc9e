//! A folder of keys, several holders: each contender locks a key of its own, and one key lists who holds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{WAIT, remaining};
use crate::client::{Client, ClientError, Request};
use crate::failure::{Context, Failure};
use crate::kv::{Entry, path};

/// By it Consul's clients know that a key belongs to a semaphore.
const FLAGS: u64 = 0xe0f6_9a2b_aa41_4de0;
const FAILED: &str = "Lock acquisition failed";

pub(super) struct Semaphore {
    client: Client,
    folder: String,
    session: String,
    limit: usize,
}

/// The value of the key that lists the holders.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Holders {
    limit: usize,
    holders: BTreeMap<String, bool>,
}

/// What the folder showed.
struct Seen {
    index: u64,
    /// The listing key's ModifyIndex; 0 when there is none.
    listed_at: u64,
    listed: Option<Holders>,
    /// The sessions that live and want it.
    alive: Vec<String>,
}

impl Semaphore {
    pub(super) fn new(client: &Client, folder: String, session: String, limit: usize) -> Self {
        Self { client: client.clone(), folder, session, limit }
    }

    pub(super) async fn acquire(&self, deadline: Option<Instant>) -> Result<bool, Failure> {
        if !self.write_contender("acquire").await.context(FAILED)? {
            return Err(Failure::new(format!("{FAILED}: Failed to make contender entry")));
        }
        let mut index = 0;
        while let Some(wait) = remaining(deadline) {
            let seen = self.look(self.listing(index).wait(wait)).await.context(FAILED)?;
            let mut holders = seen.listed.unwrap_or(Holders { limit: self.limit, ..Holders::default() });
            if holders.limit != self.limit {
                let (theirs, ours) = (holders.limit, self.limit);
                let text = format!("{FAILED}: Semaphore limit conflict (lock: {theirs}, local: {ours})");
                return Err(Failure::new(text));
            }
            holders.holders.retain(|session, _| seen.alive.contains(session));
            if holders.holders.len() >= self.limit {
                index = seen.index;
                continue;
            }
            holders.holders.insert(self.session.clone(), true);
            index = 0;
            if self.write_holders(&holders, seen.listed_at).await.context(FAILED)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Looks once there is news after this index: the index that was seen while it is held.
    pub(super) async fn held_after(&self, index: u64) -> Result<Option<u64>, ClientError> {
        let seen = self.look(self.listing(index).wait(WAIT)).await?;
        let held = seen.listed.is_some_and(|listed| listed.holders.contains_key(&self.session))
            && seen.alive.contains(&self.session);
        Ok(held.then_some(seen.index))
    }

    /// Strikes this process off the list; removes the list when nobody is on it.
    pub(super) async fn release(&self) -> Result<(), ClientError> {
        const TRIES: usize = 20;
        for _ in 0..TRIES {
            let seen = self.look(self.listing(0)).await?;
            let Some(mut holders) = seen.listed else { break };
            if holders.holders.remove(&self.session).is_none() {
                break;
            }
            let done = if holders.holders.is_empty() && seen.alive.iter().all(|session| *session == self.session) {
                let index = seen.listed_at.to_string();
                self.client.delete(path(&self.list())).param("cas", &index).send().await?.is_true()
            } else {
                self.write_holders(&holders, seen.listed_at).await?
            };
            if done {
                break;
            }
        }
        self.client.delete(path(&self.contender())).send().await.map(drop)
    }

    fn list(&self) -> String {
        format!("{}/.lock", self.folder)
    }

    fn contender(&self) -> String {
        format!("{}/{}", self.folder, self.session)
    }

    fn listing(&self, index: u64) -> Request<'_> {
        let folder = path(&format!("{}/", self.folder));
        self.client.get(folder).param("recurse", "").param("index", &index.to_string())
    }

    async fn look(&self, request: Request<'_>) -> Result<Seen, ClientError> {
        let mut seen = Seen { index: 0, listed_at: 0, listed: None, alive: Vec::new() };
        let Some(answer) = request.send_optional().await? else { return Ok(seen) };
        seen.index = answer.index();
        let list = self.list();
        for entry in Entry::list(answer.json()?)? {
            if entry.key == list {
                seen.listed_at = entry.modify_index;
                seen.listed = serde_json::from_slice(&entry.bytes(false)).ok();
            } else {
                seen.alive.extend(entry.session);
            }
        }
        Ok(seen)
    }

    async fn write_holders(&self, holders: &Holders, at: u64) -> Result<bool, ClientError> {
        let value = serde_json::to_vec(holders).map_err(|error| ClientError::NotJson(error.to_string()))?;
        let request = self.client.put(path(&self.list())).bytes(value).param("cas", &at.to_string());
        Ok(request.param("flags", &FLAGS.to_string()).send().await?.is_true())
    }

    async fn write_contender(&self, how: &str) -> Result<bool, ClientError> {
        let request = self.client.put(path(&self.contender())).param(how, &self.session);
        Ok(request.param("flags", &FLAGS.to_string()).send().await?.is_true())
    }
}
