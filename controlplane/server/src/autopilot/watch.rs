//! How the servers do, over time, as this leader has seen it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use weft_api::host::{AutopilotHealth, MemberStatus, ServerHealth};
use weft_model::autopilot::AutopilotConfig;
use weft_model::{NodeName, Timestamp};
use weft_raft::Member;

/// A server that has not answered for this long has failed.
pub(super) const FAILED_AFTER: Duration = Duration::from_secs(5);

/// One look at the cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    /// Only grows.
    pub(super) now: Duration,
    pub(super) wall: Timestamp,
    pub(super) term: u64,
    pub(super) last_log: u64,
    pub(super) changing: bool,
    pub(super) members: Vec<Member>,
    /// Servers in the catalog that are no members.
    pub(super) left_over: BTreeSet<NodeName>,
}

/// What the looks so far have shown.
pub(super) struct Watch {
    since: Duration,
    pub(super) servers: BTreeMap<u64, Seen>,
    /// Servers in the catalog that are no members, and since when this leader sees it.
    pub(super) left_over: BTreeMap<NodeName, Duration>,
}

/// A server over time.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) healthy: bool,
    /// Since when.
    pub(super) stable: Duration,
    stable_wall: Timestamp,
    pub(super) failed: Option<Failed>,
}

/// A server that does not answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Failed {
    pub(super) at: Duration,
    /// How many voters there were then.
    pub(super) voters: usize,
}

impl Watch {
    pub(super) fn new(now: Duration) -> Self {
        Self { since: now, servers: BTreeMap::new(), left_over: BTreeMap::new() }
    }

    /// For how long this server has led.
    pub(super) fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.since)
    }

    pub(super) fn is_alive(&self, id: u64) -> bool {
        self.servers.get(&id).is_some_and(|seen| seen.failed.is_none())
    }

    /// For how long a server has failed, if it has.
    pub(super) fn failed_for(&self, id: u64, now: Duration) -> Option<Duration> {
        match self.servers.get(&id) {
            Some(seen) => seen.failed.map(|failed| now.saturating_sub(failed.at)),
            None => Some(self.age(now)),
        }
    }

    /// Another look.
    pub(super) fn receive(&mut self, sight: &Sight, settings: &AutopilotConfig) {
        self.left_over.retain(|node, _| sight.left_over.contains(node));
        for node in &sight.left_over {
            self.left_over.entry(node.clone()).or_insert(sight.now);
        }
        self.servers.retain(|id, _| sight.members.iter().any(|member| member.id == *id));
        let voters = sight.members.iter().filter(|member| member.voter).count();
        for member in &sight.members {
            // Whoever has not answered this leader yet gets the same time as whoever has stopped to.
            let silence = member.last_contact.unwrap_or_else(|| self.age(sight.now));
            let alive = silence < FAILED_AFTER;
            let trails = member.matched.is_none_or(|matched| matched + settings.max_trailing_logs < sight.last_log);
            let healthy = alive && silence <= settings.last_contact_threshold.0 && !trails;
            let seen = self.servers.entry(member.id).or_insert_with(|| Seen {
                healthy,
                stable: sight.now,
                stable_wall: sight.wall,
                failed: None,
            });
            if seen.healthy != healthy {
                (seen.healthy, seen.stable, seen.stable_wall) = (healthy, sight.now, sight.wall);
            }
            seen.failed = match seen.failed {
                _ if alive => None,
                Some(failed) => Some(failed),
                None => Some(Failed { at: sight.now, voters }),
            };
        }
    }

    /// For those who ask. `version` finds what the server with a node id runs.
    pub(super) fn health(&self, sight: &Sight, version: impl Fn(&str) -> String) -> AutopilotHealth {
        let servers: Vec<_> = sight.members.iter().filter_map(|member| self.of(member, sight, &version)).collect();
        let voters = servers.iter().filter(|server| server.voter).count();
        let healthy = servers.iter().filter(|server| server.voter && server.healthy).count();
        let tolerance = healthy.saturating_sub(voters / 2 + 1);
        AutopilotHealth {
            healthy: servers.iter().all(|server| server.healthy),
            failure_tolerance: u32::try_from(tolerance).unwrap_or(u32::MAX),
            servers,
        }
    }

    fn of(&self, member: &Member, sight: &Sight, version: &impl Fn(&str) -> String) -> Option<ServerHealth> {
        let seen = self.servers.get(&member.id)?;
        Some(ServerHealth {
            id: member.server.server_id.clone(),
            name: member.server.name.clone(),
            address: member.server.address.clone(),
            status: if seen.failed.is_none() { MemberStatus::Alive } else { MemberStatus::Failed },
            version: version(&member.server.server_id),
            leader: member.leader,
            last_contact: member.last_contact,
            last_term: sight.term,
            last_index: member.matched.unwrap_or(0),
            healthy: seen.healthy,
            voter: member.voter,
            read_replica: member.server.read_replica,
            stable_since: seen.stable_wall,
        })
    }
}
