//! Writes that wait together share one sync.

use openraft::storage::IOFlushed;
use openraft::type_config::TypeConfigExt;

use super::super::recover::Recovered;
use super::super::*;
use crate::testing::entry;
use tokio::sync::mpsc;

#[tokio::test]
async fn appends_that_gathered_cost_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let records = super::disk(dir.path()).unwrap().records().unwrap();
    let (jobs, queue) = mpsc::channel(200);
    let mut waits = Vec::new();
    for index in 0..200 {
        let (done, wait) = Types::oneshot();
        waits.push(wait);
        jobs.send(Job::Append { entries: vec![entry(1, index)], done: IOFlushed::signal(done) }).await.unwrap();
    }
    let view = Arc::new(Mutex::new(View::new(Recovered::default())));
    let progress = Arc::new(Progress::default());
    let writer = Writer {
        records,
        jobs: queue,
        view: Arc::clone(&view),
        progress: Arc::clone(&progress),
        durable: true,
        late: Late::default(),
    };
    let thread = std::thread::spawn(move || writer.run());
    for wait in waits {
        wait.await.unwrap().unwrap();
    }
    assert_eq!(progress.syncs(), 1);
    assert_eq!(view.lock().safe_last().unwrap().index, 199);
    drop(jobs);
    thread.join().unwrap();
}
