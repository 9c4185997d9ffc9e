//! Who belongs to the cluster, and who leads it.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::testing::{Cluster, PATIENCE, member, patient};
use crate::{LeaderError, Role};

/// Asks again while the leader says that it is not yet time.
async fn promoted(cluster: &Cluster, by: u64, id: u64) {
    let until = Instant::now() + PATIENCE;
    loop {
        match cluster.node(by).raft.promote(id).await {
            Ok(()) => return,
            Err(error) if Instant::now() < until => {
                tracing::debug!(%error, "not promoted yet");
                sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_joins_votes_and_leaves() {
    let mut cluster = Cluster::start(3).await;
    for i in 0..10 {
        cluster.node(1).write(&format!("node-{i}")).await.unwrap();
    }
    let leader = cluster.leader().await;
    let asked = cluster.others(leader)[0];
    cluster.run(4).await.unwrap();
    assert!(!cluster.node(4).raft.cluster_state().initialized);

    // Asked of a follower, done by the leader.
    cluster.node(asked).raft.add_learner(4, member(4)).await.unwrap();
    cluster.settle().await;
    assert_eq!(cluster.node(4).raft.status().role, Role::Learner);
    promoted(&cluster, asked, 4).await;
    cluster.settle().await;
    let state = cluster.node(leader).raft.cluster_state();
    assert_eq!(state.members.iter().filter(|member| member.voter).count(), 4);
    assert!(state.members.iter().all(|member| member.last_contact.is_some() && member.matched.is_some()), "{state:?}");
    assert_eq!(cluster.node(4).write("by-4").await.unwrap(), cluster.node(4).raft.status().applied_index);

    cluster.node(4).raft.demote(asked).await.unwrap();
    cluster.node(4).raft.remove(asked).await.unwrap();
    let left = cluster.node(leader).raft.cluster_state();
    assert!(left.members.iter().all(|member| member.id != asked), "{left:?}");
    let back = cluster.node(leader).raft.add_learner(asked, member(asked)).await.unwrap_err();
    assert!(matches!(&back, LeaderError::Refused(why) if why.contains("under a new id")), "{back}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_server_does_not_come_back_under_its_number_after_all_have_been_restarted() {
    let mut cluster = Cluster::start(4).await;
    let leader = cluster.leader().await;
    let gone = cluster.others(leader)[0];
    cluster.node(leader).raft.remove(gone).await.unwrap();
    cluster.kill(gone);
    cluster.settle().await;
    // What remembers is the log, and then the raft snapshot.
    for snapshots in [false, true] {
        let left: Vec<u64> = cluster.nodes.keys().copied().collect();
        for id in left {
            if snapshots {
                cluster.node(id).raft.trigger_snapshot().await.unwrap();
            }
            cluster.kill(id);
            cluster.run(id).await.unwrap();
        }
        let leader = cluster.leader().await;
        let asked = cluster.others(leader)[0];
        let back = cluster.node(asked).raft.add_learner(gone, member(gone)).await.unwrap_err();
        assert!(matches!(&back, LeaderError::Refused(why) if why.contains("under a new id")), "{back}");
        assert_eq!(cluster.node(leader).raft.cluster_state().members.len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_come_together_wait_for_each_other() {
    let mut cluster = Cluster::start(3).await;
    for id in [4, 5, 6] {
        cluster.run(id).await.unwrap();
    }
    let node = cluster.node(1);
    let added = [4, 5, 6].map(|id| node.raft.add_learner(id, member(id)));
    for outcome in futures::future::join_all(added).await {
        outcome.unwrap();
    }
    assert_eq!(cluster.node(cluster.leader().await).raft.cluster_state().members.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_can_be_removed_and_does_not_come_back() {
    let mut cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let others = cluster.others(leader);
    cluster.node(others[0]).raft.remove(leader).await.unwrap();
    let new = cluster.leader_of(&others).await;
    let term = cluster.node(new).raft.status().term;
    // The removed one still runs, and may not disturb.
    sleep(Duration::from_secs(2)).await;
    assert_eq!(cluster.leader_of(&others).await, new);
    assert_eq!(cluster.node(new).raft.status().term, term);
    cluster.kill(leader);
    cluster.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leadership_is_handed_over_in_no_time() {
    let cluster = Cluster::with(3, patient()).await;
    for _ in 0..5 {
        let leader = cluster.leader().await;
        let to = cluster.others(leader)[1];
        let since = Instant::now();
        cluster.node(cluster.others(leader)[0]).raft.transfer_leader(Some(to)).await.unwrap();
        assert_eq!(cluster.leader().await, to);
        cluster.node(leader).write("handed over").await.unwrap();
        assert!(since.elapsed() < patient().election_timeout, "{:?}", since.elapsed());
    }
    let leader = cluster.leader().await;
    cluster.node(leader).raft.transfer_leader(None).await.unwrap();
    assert_ne!(cluster.leader().await, leader);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_make_no_sense_are_refused() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    let raft = &cluster.node(leader).raft;
    let refused = |outcome: Result<(), LeaderError>| match outcome {
        Err(LeaderError::Refused(why)) => why,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(raft.promote(9).await), "server 9 is not in the cluster");
    assert!(refused(raft.add_learner(9, member(1)).await).contains("is at 10.0.0.1:8300 already"));
    assert_eq!(refused(raft.transfer_leader(Some(9)).await), "server 9 has no vote");
    raft.add_learner(9, member(9)).await.unwrap();
    assert_eq!(refused(raft.promote(9).await), "server 9 has not received anything yet");
    raft.remove(9).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_answers_calls_for_whoever_asks() {
    let cluster = Cluster::start(3).await;
    for (id, node) in &cluster.nodes {
        let id = *id;
        node.raft.on_leader_call(move |name, body| {
            Box::pin(async move {
                if name == "who" {
                    Ok(format!("{id} for {}", body.len()).into())
                } else {
                    Err(format!("no {name} here"))
                }
            })
        });
    }
    let leader = cluster.leader().await;
    for node in cluster.nodes.values() {
        let answer = node.raft.ask_leader("who", vec![0; 3].into()).await.unwrap();
        assert_eq!(answer, format!("{leader} for 3"));
        let refused = node.raft.ask_leader("what", bytes::Bytes::new()).await.unwrap_err();
        assert_eq!(refused, LeaderError::Refused("no what here".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn contact_is_honest() {
    let cluster = Cluster::start(3).await;
    let leader = cluster.leader().await;
    cluster.settle().await;
    let contact = cluster.node(leader).raft.contact();
    assert_eq!((contact.leader, contact.known_leader, contact.last_contact), (Some(leader), true, Duration::ZERO));
    let follower = cluster.others(leader)[0];
    let contact = cluster.node(follower).raft.contact();
    assert!(contact.known_leader && contact.last_contact < Duration::from_millis(250), "{contact:?}");
    cluster.net.cut(&[follower], &cluster.others(follower));
    cluster.net.cut(&[leader], &cluster.others(leader));
    sleep(Duration::from_secs(1)).await;
    for id in [leader, follower] {
        let contact = cluster.node(id).raft.contact();
        assert!(!contact.known_leader && contact.last_contact >= Duration::from_millis(900), "{id}: {contact:?}");
    }
}
