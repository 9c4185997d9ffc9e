//! Writes from a server that takes this one for the leader.

use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::{BoxStream, FuturesUnordered, StreamExt, unfold};

use crate::core::Core;
use crate::forward::{decode_batch, encode_outcomes};
use crate::proposer::append;
use crate::transport::Answers;

/// How many batches of one stream may be without an answer; more wait in the transport.
const WINDOW: usize = 256;

struct Serving {
    core: Arc<Core>,
    frames: Answers,
    open: bool,
    batches: FuturesUnordered<BoxFuture<'static, Option<Bytes>>>,
}

/// Answers come as batches are applied. Writes that were appended go on when the stream is dropped.
pub(super) fn serve(core: Arc<Core>, frames: Answers) -> BoxStream<'static, Bytes> {
    let serving = Serving { core, frames, open: true, batches: FuturesUnordered::new() };
    unfold(serving, |mut serving| async move { Some((serving.next().await?, serving)) }).boxed()
}

impl Serving {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.open && self.batches.is_empty() {
                return None;
            }
            tokio::select! {
                biased;
                Some(answer) = self.batches.next() => match answer {
                    Some(answer) => return Some(answer),
                    None => self.open = false,
                },
                frame = self.frames.next(), if self.open && self.batches.len() < WINDOW => match frame {
                    Some(Ok(frame)) => self.begin(frame).await,
                    Some(Err(_)) | None => self.open = false,
                },
            }
        }
    }

    /// Appends here, in the order of the frames, and waits for the outcomes elsewhere.
    async fn begin(&mut self, frame: Bytes) {
        let (number, requests) = match decode_batch(frame) {
            Ok(batch) => batch,
            Err(error) => {
                tracing::error!(%error, "forwarded writes are not understood");
                self.open = false;
                return;
            }
        };
        let appended = append(&self.core, requests).await;
        let deadline = tokio::time::Instant::now() + self.core.limits.propose_timeout;
        let answer = async move {
            let outcomes = appended.outcomes(deadline).await;
            encode_outcomes(number, &outcomes)
                .inspect_err(|error| tracing::error!(%error, "outcomes cannot be encoded"))
                .ok()
        };
        self.batches.push(answer.boxed());
    }
}
