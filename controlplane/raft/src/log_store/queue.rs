//! The way to the writer thread, and its end.

use std::io;
use std::thread::{self, JoinHandle};

use tokio::sync::{mpsc, oneshot};

use super::writer::{Done, Job, Writer};
use crate::simulated;

/// Jobs under way to the writer. When it is full, Raft waits for the disk.
const LENGTH: usize = 1024;

/// Feeds the writer. Dropping it lets the writer finish what is queued and waits for its end, so that
/// the database is never closed under it.
pub(super) struct Queue {
    jobs: mpsc::Sender<Job>,
    /// None in a simulation, where the writer is a task.
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    /// Starts the writer that `writer` makes of the receiving end.
    pub(super) fn start(writer: impl FnOnce(mpsc::Receiver<Job>) -> Writer) -> io::Result<Self> {
        let (jobs, receiver) = mpsc::channel(LENGTH);
        let writer = writer(receiver);
        if simulated::active() {
            tokio::spawn(writer.simulate());
            return Ok(Self { jobs, thread: None });
        }
        let thread = thread::Builder::new().name("raft-log".to_owned()).spawn(move || writer.run())?;
        Ok(Self { jobs, thread: Some(thread) })
    }

    pub(super) async fn submit(&self, job: Job) -> io::Result<()> {
        self.jobs.send(job).await.map_err(|_| stopped())
    }

    /// Submits a job and waits until it is safe.
    pub(super) async fn complete(&self, job: impl FnOnce(Done) -> Job) -> io::Result<()> {
        let (done, wait) = oneshot::channel();
        self.submit(job(done)).await?;
        wait.await.map_err(|_| stopped())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        // The writer ends when the last sender is gone.
        drop(std::mem::replace(&mut self.jobs, mpsc::channel(1).0));
        if let Some(thread) = self.thread.take() {
            // A writer that panicked has said so; there is nothing left to wait for.
            drop(thread.join());
        }
    }
}

fn stopped() -> io::Error {
    io::Error::other("the log is closed")
}
