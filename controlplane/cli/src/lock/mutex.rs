//! One key, one holder.

use tokio::time::{Instant, sleep};

use super::{RETRY, WAIT, remaining};
use crate::client::{Client, ClientError};
use crate::failure::{Context, Failure};
use crate::kv::{Entry, path};

/// By it Consul's clients know that a key is a lock.
const FLAGS: u64 = 0x2ddc_cbc0_58a5_0c18;

pub(super) struct Mutex {
    client: Client,
    key: String,
    session: String,
}

impl Mutex {
    pub(super) fn new(client: &Client, key: String, session: String) -> Self {
        Self { client: client.clone(), key, session }
    }

    pub(super) async fn acquire(&self, deadline: Option<Instant>) -> Result<bool, Failure> {
        const FAILED: &str = "Lock acquisition failed";
        let mut index = 0;
        while let Some(wait) = remaining(deadline) {
            let request = self.client.get(path(&self.key)).param("index", &index.to_string()).wait(wait);
            let (found, seen) = look(request).await.context(FAILED)?;
            if found.as_ref().is_some_and(|entry| entry.flags != FLAGS) {
                return Err(Failure::new(format!("{FAILED}: Existing key does not match lock use")));
            }
            if found.is_some_and(|entry| entry.session.is_some_and(|holder| holder != self.session)) {
                index = seen;
                continue;
            }
            if self.write("acquire").await.context(FAILED)? {
                return Ok(true);
            }
            index = 0;
            sleep(remaining(deadline).unwrap_or_default().min(RETRY)).await;
        }
        Ok(false)
    }

    /// Looks at the lock once there is news after this index: the index that was seen while it is held.
    pub(super) async fn held_after(&self, index: u64) -> Result<Option<u64>, ClientError> {
        let request = self.client.get(path(&self.key)).param("index", &index.to_string()).wait(WAIT);
        let (found, seen) = look(request).await?;
        let ours = found.is_some_and(|entry| entry.session.is_some_and(|holder| holder == self.session));
        Ok(ours.then_some(seen))
    }

    /// Gives it back; removes the key when nobody waits for it to be used.
    pub(super) async fn release(&self) -> Result<(), ClientError> {
        self.write("release").await?;
        let (found, _) = look(self.client.get(path(&self.key))).await?;
        if let Some(free) = found.filter(|entry| entry.session.is_none() && entry.flags == FLAGS) {
            let index = free.modify_index.to_string();
            self.client.delete(path(&self.key)).param("cas", &index).send().await?;
        }
        Ok(())
    }

    async fn write(&self, how: &str) -> Result<bool, ClientError> {
        let request = self.client.put(path(&self.key)).param(how, &self.session).param("flags", &FLAGS.to_string());
        Ok(request.send().await?.is_true())
    }
}

/// The key, if there is one, and the index that was told with it.
async fn look(request: crate::client::Request<'_>) -> Result<(Option<Entry>, u64), ClientError> {
    match request.send_optional().await? {
        Some(answer) => Ok((Entry::list(answer.json()?)?.pop(), answer.index())),
        None => Ok((None, 0)),
    }
}
