//! Founding: pledges asked for, given, counted and given up.

use std::collections::BTreeMap;
use std::time::Duration;

use weft_raft::Server;

use super::super::hello::{Hello, Outcome, Question};
use super::super::identity::Pledge;
use super::{Action, Machine, Moment, PRESENT};

/// How long a founding waits for pledges.
const PLEDGES_MAX: Duration = Duration::from_secs(5);
/// How long it rests after one that was given up, times a draw.
const REST_MAX: Duration = Duration::from_secs(2);
/// Whoever expects nobody but has addresses to ask gives them this long.
const LOOK_AROUND: Duration = Duration::from_millis(1500);

impl Machine {
    /// This server's answer to a founder.
    pub(super) fn promise(&mut self, pledge: &Pledge, now: Duration) -> Outcome {
        if let Some(mine) = &self.identity.pledge {
            return if mine == pledge { Outcome::Nothing } else { Outcome::NotPledged };
        }
        let meets_cluster = self.present(now).any(|hello| hello.cluster.is_some());
        let free = !self.view.initialized && self.identity.cluster.is_none() && !meets_cluster;
        if !free || !pledge.members.contains_key(&self.identity.raft_id) {
            return Outcome::NotPledged;
        }
        self.identity.pledge = Some(pledge.clone());
        Outcome::Nothing
    }

    /// Begins a founding when it is this server's turn.
    pub(super) fn begin(&mut self, moment: Moment) {
        let expect = self.me.expect as usize;
        let looking = expect == 1 && !self.targets().is_empty() && moment.now < self.started + LOOK_AROUND;
        if expect == 0 || moment.now < self.rest_until || looking || self.identity.cluster.is_some() {
            return;
        }
        let fresh = |hello: &&Hello| hello.cluster.is_none() && !hello.initialized && hello.expect == self.me.expect;
        let mut members: BTreeMap<u64, Server> =
            self.present(moment.now).filter(fresh).map(|hello| (hello.raft_id, hello.server.clone())).collect();
        members.insert(self.identity.raft_id, self.me.server.clone());
        if members.len() < expect || members.first_key_value().is_none_or(|(id, _)| *id != self.identity.raft_id) {
            return;
        }
        let members: BTreeMap<_, _> = members.into_iter().take(expect).collect();
        self.identity.attempt += 1;
        let cluster = uuid::Builder::from_random_bytes(moment.draw.to_be_bytes()).into_uuid().to_string();
        let (founder, attempt) = (self.identity.raft_id, self.identity.attempt);
        self.identity.pledge = Some(Pledge { cluster, founder, attempt, members });
        self.pledged.clear();
        self.since = moment.now;
    }

    /// What keeps this server from founding, where it is a mistake that somebody has to mend.
    pub(super) fn hindrance(&self, moment: Moment) -> Option<Action> {
        let expect = self.me.expect;
        if expect == 0 || moment.now.saturating_sub(self.started) < PRESENT {
            return None;
        }
        let fresh = |hello: &&Hello| hello.cluster.is_none() && hello.expect > 0 && hello.expect != expect;
        let other = self.present(moment.now).find(fresh)?;
        Some(Action::Warn(format!(
            "no cluster is founded: {} expects {} servers, this one {expect}: give all of them the same --bootstrap-expect",
            other.server, other.expect
        )))
    }

    /// Asks for what is missing; founds when nothing is.
    pub(super) fn gather(&mut self, pledge: &Pledge, moment: Moment) -> Vec<Action> {
        if pledge.founder != self.identity.raft_id {
            let text = format!(
                "waiting for server {} to found cluster {} with this one{}",
                pledge.founder,
                pledge.cluster,
                pledge.members.get(&pledge.founder).map_or_else(String::new, |server| format!(": {server}"))
            );
            return if moment.now.saturating_sub(self.started) > PRESENT { vec![Action::Warn(text)] } else { vec![] };
        }
        let missing: Vec<_> = pledge
            .members
            .iter()
            .filter(|(id, _)| **id != pledge.founder && !self.pledged.contains(id))
            .map(|(_, server)| Action::Ask {
                address: server.address.clone(),
                question: Question::Pledge(pledge.clone()),
            })
            .collect();
        if missing.is_empty() {
            self.identity.cluster = Some(pledge.cluster.clone());
            self.identity.founding = true;
            return vec![Action::Found(pledge.members.clone())];
        }
        if moment.now.saturating_sub(self.since) > PLEDGES_MAX {
            self.withdraw(moment);
            return vec![];
        }
        missing
    }

    /// Gives a founding up. Those who have pledged themselves see it by the number of the attempt.
    pub(super) fn withdraw(&mut self, moment: Moment) {
        let own = self.identity.pledge.as_ref().is_some_and(|pledge| pledge.founder == self.identity.raft_id);
        if !own || self.identity.founding || self.view.initialized {
            return;
        }
        self.identity.pledge = None;
        self.identity.attempt += 1;
        self.pledged.clear();
        let share = u32::try_from(moment.draw & 0xff).unwrap_or(0);
        self.rest_until = moment.now + REST_MAX * share / 256;
    }
}
