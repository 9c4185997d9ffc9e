//! Who may take part: what this server thinks of others, and what it makes of their refusals.

use std::time::Duration;

use super::super::hello::{Hello, Kind, Question, Refused, Verdict};
use super::super::{judge, refusal};
use super::{Action, Machine, Moment};

/// A question about a rival that is older than this is asked again.
const RIVAL_ASKED: Duration = Duration::from_secs(3);
/// Others get this long to come up before being refused by all of them counts.
const REFUSED_FOR: Duration = Duration::from_secs(3);

impl Machine {
    pub(super) fn judge(&mut self, theirs: &Hello, moment: Moment, actions: &mut Vec<Action>) -> Verdict {
        let ours = self.hello(moment);
        let last = self.identity.peers.get(&theirs.raft_id).copied().unwrap_or_default();
        let found = judge::fits(theirs, &ours)
            .and_then(|()| judge::is_not_us(theirs, &ours))
            .and_then(|()| judge::clock(theirs, &ours))
            .and_then(|()| judge::memory(theirs, last, &self.view))
            .and_then(|()| judge::membership(theirs, &self.view));
        match found {
            Err(refused) => Verdict::Refused(refused),
            Ok(()) => self.judge_rivals(theirs, moment.now, actions),
        }
    }

    /// Another server that goes by one of its names is asked whether it is still there.
    fn judge_rivals(&mut self, theirs: &Hello, now: Duration, actions: &mut Vec<Action>) -> Verdict {
        let mut verdict = Verdict::Fine;
        for (id, peer) in &mut self.peers {
            let clash = match *id == theirs.raft_id {
                true if peer.hello.nonce == theirs.nonce => Ok(()),
                // The port is its own: it was started again.
                true if peer.hello.server.address == theirs.server.address => Ok(()),
                true => Err(refusal::copied(&peer.hello.server)),
                false => judge::names(&theirs.server, &peer.hello.server),
            };
            let Err(refused) = clash else { continue };
            if peer.asked.is_some_and(|asked| peer.heard > asked && now.saturating_sub(asked) < RIVAL_ASKED * 2) {
                return Verdict::Refused(refused);
            }
            if peer.asked.is_none_or(|asked| now.saturating_sub(asked) > RIVAL_ASKED) {
                peer.asked = Some(now);
                let address = peer.hello.server.address.clone();
                actions.push(Action::Ask { address, question: Question::Greet });
            }
            verdict = Verdict::Pending;
        }
        verdict
    }

    /// What to do when a server refuses this one. Whoever is in the cluster goes on; a server that is
    /// not in one either may be the one at fault.
    pub(super) fn refused(&mut self, refused: &Refused, address: &str, by: &Hello) -> Action {
        if refused.kind == Kind::Removed && self.departing {
            self.identity.left = true;
            return Action::Warn("this server has been taken out, as it asked".to_owned());
        }
        let text = format!("refused by the server at {address}: {}", refused.why);
        if refused.kind == Kind::Foreign {
            self.refusals.insert(address.to_owned(), refused.why.clone());
        }
        let stops = match refused.kind {
            Kind::Foreign => false,
            Kind::Mendable | Kind::Lasting => by.initialized && !self.is_settled(),
            Kind::Removed => by.initialized,
        };
        if !stops {
            return Action::Warn(text);
        }
        if matches!(refused.kind, Kind::Lasting | Kind::Removed) {
            self.identity.refused = Some(refused.why.clone());
        }
        Action::Stop(text)
    }

    /// Every server that was to be asked is there and has nothing to do with this one: the fault is here.
    /// An address that somebody else has by now does not count among others.
    pub(super) fn refused_by_all(&self, now: Duration) -> Option<String> {
        let up = now.saturating_sub(self.started);
        let alone = self.is_settled() && self.view.members.len() == 1 && up < REFUSED_FOR * 2;
        let nobody = self.peers.is_empty() && self.passed.is_empty();
        if up < REFUSED_FOR || !nobody || (self.is_settled() && !alone) {
            return None;
        }
        let targets = self.targets();
        let refusals: Option<Vec<_>> = targets.iter().map(|target| self.refusals.get_key_value(target)).collect();
        let (address, why) = *refusals?.first()?;
        Some(format!("refused by the server at {address}: {why}"))
    }
}
