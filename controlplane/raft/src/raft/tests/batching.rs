//! Proposals that come together share appends and syncs.

use tokio::sync::{mpsc, oneshot};
use weft_state::{Proposal, State, Store};

use crate::testing::{Server, kept, register};
use crate::{Config, Raft};

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_proposals_share_syncs() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(kept(dir.path())).await.unwrap();
    let before = server.raft.status();
    server.write_all((0..640).map(|i| format!("node-{i}"))).await;
    let after = server.raft.status();
    assert_eq!(after.applied_index - before.applied_index, 640);
    let syncs = after.log_syncs - before.log_syncs;
    assert!(syncs <= 64, "640 concurrent writes took {syncs} syncs");
    assert_eq!(server.names().len(), 640);
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_proposal_costs_one_sync() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(kept(dir.path())).await.unwrap();
    let before = server.raft.status().log_syncs;
    for i in 0..10 {
        server.write(&format!("node-{i}")).await;
    }
    assert_eq!(server.raft.status().log_syncs - before, 10);
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_keep_their_order() {
    let (store, _) = Store::new(State::default());
    let (proposals, receiver) = mpsc::channel(500);
    let transport = std::sync::Arc::new(crate::NoTransport);
    let raft = Raft::start(Config::default(), store, receiver, transport).await.unwrap();
    raft.found([(1, crate::Server::default())].into()).await.unwrap();
    let mut answers = Vec::new();
    for i in 0..500 {
        let (reply, answer) = oneshot::channel();
        proposals.send(Proposal { command: register(&format!("node-{i}")), reply }).await.unwrap();
        answers.push(answer);
    }
    let mut last = 0;
    for answer in answers {
        let index = answer.await.unwrap().unwrap().index;
        assert!(index > last, "{index} after {last}");
        last = index;
    }
    raft.shutdown().await;
}
