//! Whole clusters that form in memory: messages are lost, late and twice, servers crash and come back
//! with what they have saved.
#![allow(clippy::unwrap_used)]

mod net;

use std::collections::BTreeSet;
use std::time::Duration;

use net::Net;

use super::hello::{Kind, Verdict};
use super::machine::{Action, Placed, View};

#[test]
fn three_fresh_servers_found_one_cluster() {
    let mut net = Net::new(7, 3, 3);
    net.run(Duration::from_secs(10));
    assert_eq!(net.clusters().len(), 1);
    assert!(net.servers.iter().all(|server| server.view.initialized));
}

#[test]
fn two_of_three_wait() {
    let mut net = Net::new(7, 3, 3);
    net.servers[1].up = false;
    net.run(Duration::from_secs(20));
    assert_eq!(net.clusters().len(), 0);
    net.servers[1].up = true;
    net.run(Duration::from_secs(10));
    assert_eq!(net.clusters().len(), 1);
}

#[test]
fn a_server_alone_founds_at_once() {
    let mut net = Net::new(7, 1, 1);
    net.run(Duration::from_millis(300));
    assert_eq!(net.clusters().len(), 1);
}

#[test]
fn a_founder_that_crashes_among_the_pledges_goes_on() {
    for steps in 1..30 {
        let mut net = Net::new(steps, 3, 3);
        net.run(Duration::from_millis(100 * steps));
        let founder = net.lowest();
        net.crash(founder);
        net.run(Duration::from_secs(3));
        net.servers[founder].up = true;
        net.run(Duration::from_secs(30));
        assert_eq!(net.clusters().len(), 1, "crash after {steps} steps");
        assert!(net.servers.iter().all(|server| server.view.initialized), "crash after {steps} steps");
    }
}

/// T34. Splits, losses and crashes at random; never two clusters, and one when it ends.
#[test]
fn n_servers_never_found_two_clusters() {
    for seed in 0..100 {
        let (servers, expect) = if seed % 3 == 0 { (5, 5) } else { (3, 3) };
        let mut net = Net::new(seed, servers, expect);
        net.faults = true;
        net.run(Duration::from_secs(30));
        assert!(net.clusters().len() <= 1, "seed {seed}: {:?}", net.clusters());
        net.heal();
        net.run(Duration::from_secs(40));
        assert_eq!(net.clusters().len(), 1, "seed {seed}");
        assert!(net.servers.iter().all(|server| server.view.initialized), "seed {seed}");
    }
}

#[test]
fn more_servers_than_expected_still_make_one_cluster() {
    for seed in 0..20 {
        let mut net = Net::new(seed, 5, 3);
        net.run(Duration::from_secs(40));
        assert_eq!(net.clusters().len(), 1, "seed {seed}");
        assert!(net.servers.iter().all(|server| server.machine.identity.cluster.is_some()), "seed {seed}");
    }
}

#[test]
fn unequal_expectations_found_nothing() {
    let mut net = Net::new(1, 3, 3);
    net.servers[2].me.expect = 2;
    net.crash(2);
    net.servers[2].up = true;
    net.run(Duration::from_secs(10));
    assert_eq!(net.clusters(), BTreeSet::new());
}

#[test]
fn an_older_copy_of_a_disk_is_refused() {
    let mut net = Net::new(3, 3, 3);
    net.run(Duration::from_secs(10));
    let image = net.servers[2].saved.clone();
    net.crash(2);
    net.servers[2].up = true;
    net.run(Duration::from_secs(5));
    assert!(net.servers[2].machine.is_open());
    net.servers[2].saved = image;
    net.crash(2);
    net.servers[2].up = true;
    net.run(Duration::from_secs(3));
    let refused = net.servers[2].saved.refused.clone().unwrap();
    assert!(refused.contains("--rejoin-as-new"), "{refused}");
}

#[test]
fn an_image_of_a_running_server_is_refused_a_minute_later() {
    let mut net = Net::new(3, 3, 3);
    net.run(Duration::from_secs(10));
    let image = net.servers[2].saved.clone();
    net.run(Duration::from_secs(130));
    net.servers[2].saved = image;
    net.crash(2);
    net.servers[2].up = true;
    net.run(Duration::from_secs(3));
    assert!(net.servers[2].saved.refused.is_some());
}

#[test]
fn a_log_that_ends_before_what_the_leader_knows_is_refused() {
    let mut net = Net::new(3, 3, 3);
    net.run(Duration::from_secs(10));
    let id = net.servers[1].saved.raft_id;
    net.crash(1);
    net.servers[0].view.leads = true;
    for server in 0..3 {
        let placed = Placed { matched: Some(90), ..net.servers[0].view.members[&id].clone() };
        net.servers[server].view.members.insert(id, placed);
    }
    net.servers[1].view.last_log = 89;
    net.servers[1].view.members.get_mut(&id).unwrap().matched = None;
    net.servers[1].up = true;
    net.run(Duration::from_secs(3));
    let server = &net.servers[1];
    assert!(!server.machine.is_open() && server.stopped.is_some());
    assert!(server.saved.refused.clone().unwrap().contains("log entry 90"));
}

#[test]
fn a_copied_directory_and_a_taken_name_are_refused_while_the_other_lives() {
    for (same_identity, text) in [(true, "must not be copied"), (false, "another --node")] {
        let mut net = Net::new(5, 3, 3);
        net.run(Duration::from_secs(10));
        let rival = net.add(3);
        if same_identity {
            net.servers[rival].saved = net.servers[0].saved.clone();
            net.servers[rival].view = net.servers[0].view.clone();
        }
        net.servers[rival].me.server.name = net.servers[0].me.server.name.to_uppercase();
        net.crash(rival);
        net.servers[rival].up = true;
        net.run(Duration::from_secs(4));
        let stopped = net.servers[rival].stopped.clone().unwrap();
        assert!(stopped.contains(text), "{stopped}");
    }
}

#[test]
fn a_server_that_comes_back_elsewhere_is_let_in() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    net.crash(1);
    net.servers[1].me.server.address = "moved:1".to_owned();
    net.servers[1].up = true;
    net.run(Duration::from_secs(5));
    assert!(net.servers[1].machine.is_open());
    assert_eq!(net.servers[1].stopped, None);
}

#[test]
fn a_fresh_server_at_the_address_of_one_that_is_gone_joins_when_it_is_told_to() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    net.servers[2].up = false;
    let (gone, fresh) = (net.servers[2].me.server.address.clone(), net.add(0));
    net.servers[2].me.server.address = "nowhere:1".to_owned();
    net.servers[fresh].me.server.address = gone.clone();
    net.servers[fresh].me.retry_join.clear();
    net.crash(fresh);
    net.servers[fresh].up = true;
    net.run(Duration::from_secs(30));
    let moment = net.moment();
    assert!(net.servers[fresh].machine.present(moment.now).count() > 0, "the others ask at its address");
    assert_eq!((net.servers[fresh].saved.cluster.clone(), net.servers[fresh].stopped.clone()), (None, None));
    let said = net.servers[fresh].machine.poll(moment);
    assert!(matches!(&said[..], [Action::Warn(text)] if text.contains("`weft join`")), "{said:?}");

    net.invite(0, &gone);
    net.run(Duration::from_secs(5));
    assert_eq!(net.servers[fresh].saved.cluster, net.servers[0].saved.cluster);
}

#[test]
fn an_address_that_an_operator_names_is_kept_when_it_answers() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    let moment = net.moment();
    for (datacenter, kept) in [("dc2", false), ("dc1", true)] {
        let mut answer = net.answer(1);
        answer.hello.datacenter = datacenter.to_owned();
        net.servers[0].machine.receive_invited("elsewhere:1", &answer, moment);
        assert_eq!(net.servers[0].machine.targets().contains("elsewhere:1"), kept, "{datacenter}");
    }
}

#[test]
fn a_clock_far_off_another_datacenter_and_another_cluster_are_refused() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    let moment = net.moment();
    let mut hello = net.stranger("n9").hello(moment);
    hello.time.0 += 31_000_000_000;
    let verdict = net.ask(0, &hello);
    assert!(matches!(verdict, Verdict::Refused(refused) if refused.why.contains("31 s ahead")));
    hello.time = moment.wall;
    hello.datacenter = "dc2".to_owned();
    assert!(matches!(net.ask(0, &hello), Verdict::Refused(refused) if refused.why.contains("\"dc2\"")));
    hello.datacenter = "dc1".to_owned();
    hello.cluster = Some("another".to_owned());
    assert!(matches!(net.ask(0, &hello), Verdict::Refused(refused) if refused.why.contains("cluster another")));
    hello.cluster = None;
    assert_eq!(net.ask(0, &hello), Verdict::Fine);
}

#[test]
fn a_removed_server_is_told_so_by_the_leader() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    let moment = net.moment();
    let mut hello = net.stranger("n9").hello(moment);
    hello.cluster = net.servers[0].saved.cluster.clone();
    hello.initialized = true;
    net.servers[0].view.leads = true;
    let view = net.servers[0].view.clone();
    net.servers[0].machine.receive_view(view);
    assert!(matches!(net.ask(0, &hello), Verdict::Refused(refused) if refused.kind == Kind::Removed));
}

#[test]
fn a_server_whose_number_is_used_up_is_told_so_by_everybody() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    let moment = net.moment();
    let hello = net.stranger("n9").hello(moment);
    assert!(!hello.initialized, "it has lost its log, and not its number");
    assert_eq!(net.ask(1, &hello), Verdict::Fine);
    let mut view = net.servers[1].view.clone();
    view.retired.insert(hello.raft_id);
    net.servers[1].machine.receive_view(view);
    assert!(matches!(net.ask(1, &hello), Verdict::Refused(refused) if refused.kind == Kind::Removed));
}

#[test]
fn servers_that_expect_different_numbers_say_so_and_found_nothing() {
    let mut net = Net::new(5, 2, 2);
    net.servers[1].me.expect = 3;
    net.crash(1);
    net.servers[1].up = true;
    net.run(Duration::from_secs(10));
    assert!(net.clusters().is_empty());
    let moment = net.moment();
    let said = net.servers[0].machine.poll(moment);
    assert!(
        said.iter()
            .any(|action| matches!(action, Action::Warn(text) if text.contains("expects 3 servers, this one 2")))
    );
}

#[test]
fn the_membership_follows_a_server_that_was_heard_of_before_the_membership_was_known() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    let id = net.servers[1].saved.raft_id;
    let known = net.servers[0].view.clone();
    let elsewhere = "moved:1".to_owned();
    net.servers[1].me.server.address = elsewhere.clone();
    net.crash(0);
    net.crash(1);
    net.servers[0].up = true;
    net.servers[1].up = true;
    net.servers[0].view = View::default();
    net.run(Duration::from_secs(5));
    net.servers[0].machine.receive_view(View { leads: true, ..known });
    let moment = net.moment();
    let actions = net.servers[0].machine.poll(moment);
    let follows = |action: &Action| matches!(action, Action::Rename { id: of, server } if *of == id && server.address == elsewhere);
    assert!(actions.iter().any(follows), "{actions:?}");
}

#[test]
fn a_server_that_leaves_does_not_mind_being_told_that_it_was_removed() {
    let mut net = Net::new(5, 3, 3);
    net.run(Duration::from_secs(10));
    let id = net.servers[2].saved.raft_id;
    net.servers[2].machine.departing = true;
    for server in 0..2 {
        net.servers[server].view.retired.insert(id);
        net.servers[server].view.members.remove(&id);
    }
    net.run(Duration::from_secs(5));
    assert_eq!(net.servers[2].stopped, None);
    assert!(net.servers[2].saved.left && net.servers[2].saved.refused.is_none());
}
