#![allow(clippy::unwrap_used)]

use weft_model::catalog::{Node, Service};
use weft_model::health::{Check, CheckStatus};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{Envelope, RequestId, Timestamp};
use weft_raft::{Member, Server};
use weft_state::apply;

use super::*;
use crate::node::SERVER_SERVICE;

const SECOND: Duration = Duration::from_secs(1);

fn member(id: u64, voter: bool) -> Member {
    let server = Server { name: format!("n{id}"), server_id: format!("id{id}"), ..Server::default() };
    Member {
        id,
        server,
        recorded_address: String::new(),
        voter,
        leader: id == 1,
        last_contact: Some(Duration::ZERO),
        matched: Some(100),
    }
}

fn sight(members: Vec<Member>) -> Sight {
    Sight { now: SECOND, last_log: 100, members, ..Sight::default() }
}

/// Looks every second and does what is planned; answers the steps with the seconds at which they came.
fn watch_for(
    seconds: u32,
    sight: &mut Sight,
    watch: &mut Watch,
    settings: &AutopilotConfig,
    expect: u32,
) -> Vec<(u32, Step)> {
    let mut steps = Vec::new();
    for second in 0..seconds {
        watch.receive(sight, settings);
        if let Some(step) = plan::next(watch, sight, settings, expect) {
            steps.push((second, step));
            match step {
                Step::Promote(id) => sight.members.iter_mut().find(|member| member.id == id).unwrap().voter = true,
                Step::Remove(id) => sight.members.retain(|member| member.id != id),
            }
        }
        sight.now += SECOND;
        for member in &mut sight.members {
            // Silence grows by itself.
            if let Some(contact) = member.last_contact.as_mut().filter(|contact| !contact.is_zero()) {
                *contact += SECOND;
            }
        }
    }
    steps
}

fn die(sight: &mut Sight, id: u64) {
    sight.members.iter_mut().find(|member| member.id == id).unwrap().last_contact = Some(SECOND);
}

#[test]
fn a_learner_gets_a_vote_when_it_has_been_well_for_a_while() {
    let mut sight = sight(vec![member(1, true), member(2, true), member(3, true), member(4, false)]);
    let mut watch = Watch::new(Duration::ZERO);
    let steps = watch_for(30, &mut sight, &mut watch, &AutopilotConfig::default(), 3);
    assert_eq!(steps, [(10, Step::Promote(4))]);
}

#[test]
fn a_cluster_that_is_being_formed_does_not_wait() {
    let mut sight = sight(vec![member(1, true), member(2, false), member(3, false)]);
    let mut watch = Watch::new(Duration::ZERO);
    let steps = watch_for(3, &mut sight, &mut watch, &AutopilotConfig::default(), 3);
    assert_eq!(steps, [(0, Step::Promote(2)), (1, Step::Promote(3))]);
}

#[test]
fn a_learner_that_trails_waits() {
    let mut sight = sight(vec![member(1, true), member(2, false)]);
    sight.last_log = 1000;
    sight.members[0].matched = Some(1000);
    let mut watch = Watch::new(Duration::ZERO);
    assert_eq!(watch_for(60, &mut sight, &mut watch, &AutopilotConfig::default(), 3), []);
}

#[test]
fn a_dead_server_stays_until_it_is_replaced() {
    let mut sight = sight(vec![member(1, true), member(2, true), member(3, true)]);
    let mut watch = Watch::new(Duration::ZERO);
    watch_for(2, &mut sight, &mut watch, &AutopilotConfig::default(), 3);
    die(&mut sight, 2);
    assert_eq!(watch_for(600, &mut sight, &mut watch, &AutopilotConfig::default(), 3), []);
    assert!(!watch.is_alive(2) && watch.is_alive(3));
    sight.members.push(member(4, false));
    let steps = watch_for(60, &mut sight, &mut watch, &AutopilotConfig::default(), 3);
    assert_eq!(steps.iter().map(|(_, step)| *step).collect::<Vec<_>>(), [Step::Promote(4), Step::Remove(2)]);
}

#[test]
fn the_minimum_and_the_switch_are_kept() {
    for settings in [
        AutopilotConfig { min_quorum: 5, ..AutopilotConfig::default() },
        AutopilotConfig { cleanup_dead_servers: false, ..AutopilotConfig::default() },
    ] {
        let mut sight = sight(vec![member(1, true), member(2, true), member(3, true), member(4, true)]);
        let mut watch = Watch::new(Duration::ZERO);
        die(&mut sight, 2);
        watch_for(60, &mut sight, &mut watch, &settings, 3);
        sight.members.push(member(5, true));
        assert_eq!(watch_for(60, &mut sight, &mut watch, &settings, 3), []);
    }
}

#[test]
fn health_counts_how_many_more_may_fail() {
    let mut sight = sight(vec![member(1, true), member(2, true), member(3, true)]);
    let mut watch = Watch::new(Duration::ZERO);
    watch.receive(&sight, &AutopilotConfig::default());
    let health = watch.health(&sight, |_| "1".to_owned());
    assert_eq!((health.healthy, health.failure_tolerance), (true, 1));
    die(&mut sight, 2);
    watch_for(10, &mut sight, &mut watch, &AutopilotConfig::default(), 3);
    let health = watch.health(&sight, |_| "1".to_owned());
    assert_eq!((health.healthy, health.failure_tolerance), (false, 0));
    assert_eq!(health.servers[1].status, weft_api::host::MemberStatus::Failed);
}

/// The catalog of a cluster in which `n2` has said something.
fn catalog(output: &str) -> State {
    let node = Node { id: "id2".into(), name: "n2".into(), address: "10.0.0.2".into(), ..Node::default() };
    let check = Check { status: CheckStatus::Passing, output: output.into(), ..crate::node::alive(&node) };
    let service = Service { id: SERVER_SERVICE.into(), name: SERVER_SERVICE.into(), ..Service::default() };
    let services = vec![ServiceRegistration { service, ..ServiceRegistration::default() }];
    let registration = Registration { node, services, checks: vec![check], ..Registration::default() };
    let command = Command::Register(Box::new(registration));
    let envelope = Envelope { id: RequestId { origin: 1, sequence: 1 }, settled: 1, at: Timestamp(1), command };
    apply(&State::default(), 1, &envelope).state
}

#[test]
fn a_server_that_was_told_to_end_may_come_back_within_a_minute() {
    for (output, patience) in [(crate::node::RESTARTING, 60), (crate::node::ALIVE, 4)] {
        let state = catalog(output);
        let mut sight = sight(vec![member(1, true), member(2, true), member(3, true)]);
        let mut watch = Watch::new(Duration::ZERO);
        let settings = AutopilotConfig::default();
        watch_for(2, &mut sight, &mut watch, &settings, 3);
        die(&mut sight, 2);
        let mut said = |seconds| {
            watch_for(seconds, &mut sight, &mut watch, &settings, 3);
            liveness::commands(&StateView::new(&state), &watch, &sight)
        };
        assert!(said(patience).is_empty(), "{output}");
        assert!(matches!(&said(8)[..], [Command::UpdateCheck { status: CheckStatus::Critical, .. }]), "{output}");
    }
}

#[test]
fn a_server_of_the_catalog_that_is_no_member_fails_and_goes() {
    let state = catalog(crate::node::RESTARTING);
    let view = StateView::new(&state);
    let (member_by_name, other) = (Server { name: "n2".into(), ..Server::default() }, member(3, true).server);
    for (second, left) in [(member(2, true).server, 0), (member_by_name, 0), (other, 1)] {
        let members = [member(1, true), Member { server: second, ..member(2, true) }];
        assert_eq!(left_over::nodes(&view, &members).len(), left);
    }

    let settings = AutopilotConfig::default();
    let members = vec![member(1, true)];
    let mut sight = Sight { left_over: left_over::nodes(&view, &members), ..sight(members) };
    let mut watch = Watch::new(Duration::ZERO);
    let mut said = |seconds, settings: &AutopilotConfig| {
        watch_for(seconds, &mut sight, &mut watch, settings, 1);
        left_over::commands(&view, &watch, settings, sight.now)
    };
    assert_eq!(said(4, &settings), []);
    assert!(matches!(&said(2, &settings)[..], [Command::UpdateCheck { status: CheckStatus::Critical, .. }]));
    let kept = AutopilotConfig { cleanup_dead_servers: false, ..settings.clone() };
    assert!(matches!(&said(600, &kept)[..], [Command::UpdateCheck { .. }]), "nobody cleans up");
    assert!(matches!(&said(1, &settings)[..], [Command::Deregister { target: Target::Node, .. }]));
}
