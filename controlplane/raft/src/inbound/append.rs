//! Log entries and heartbeats from a leader.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::{BoxStream, StreamExt};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::core::Core;
use crate::loss::Watchman;
use crate::transport::Answers;
use crate::wire;

/// Answers in the order of the frames; the stream ends after the first answer that is a no.
pub(super) fn serve(core: Arc<Core>, from: u64, frames: Answers) -> BoxStream<'static, Bytes> {
    // When the frames without an answer came. Only those of a leader that is followed count as
    // heard, which shows in the answer.
    let came = Arc::new(Mutex::new(VecDeque::new()));
    let coming = Arc::clone(&came);
    let watchman = Watchman::new(Arc::clone(&core), from);
    let requests = frames.scan(watchman, move |_, frame| {
        coming.lock().push_back(Instant::now());
        let request = frame.ok().and_then(|frame| match wire::decode_append(frame) {
            Ok(request) => Some(request),
            Err(error) => {
                tracing::error!(%error, "log entries from the leader are not understood");
                None
            }
        });
        std::future::ready(request)
    });
    let answers = core.raft.stream_append(requests);
    let noted = answers.scan((), move |(), answer| {
        let at = came.lock().pop_front();
        let answer = answer.ok();
        if let (Some(Ok(_)), Some(at)) = (&answer, at) {
            core.heard.note(at);
        }
        std::future::ready(answer.map(|answer| wire::encode_appended(&answer)))
    });
    noted.boxed()
}
