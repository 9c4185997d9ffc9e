//! Work that blocks, kept off the runtime's threads.

use std::io;

use crate::simulated;

/// Runs file work where it cannot hold up heartbeats.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if simulated::active() {
        return work();
    }
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
