//! The next change of the cluster, if one is due. Pure.

use std::time::Duration;

use weft_model::autopilot::AutopilotConfig;

use super::watch::{Sight, Watch};

/// A dead server that has been replaced goes after this time.
const REPLACED_AFTER: Duration = Duration::from_secs(10);
/// A dead one without a vote goes after this time.
pub(super) const LEARNER_AFTER: Duration = Duration::from_secs(600);
/// Any dead one goes after this time, which is Consul's `reconnect_timeout`.
pub(super) const GONE_AFTER: Duration = Duration::from_secs(72 * 3600);
/// Fewer servers than this do not survive the loss of one.
const SAFE: usize = 3;

/// One change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Promote(u64),
    Remove(u64),
}

/// What to do next. A server that died stays in the cluster, so that it may come back, until others have
/// taken its place: taking it out sooner would win nothing and cost its return.
pub(super) fn next(watch: &Watch, sight: &Sight, settings: &AutopilotConfig, expect: u32) -> Option<Step> {
    if sight.changing {
        return None;
    }
    promotion(watch, sight, settings, expect).or_else(|| cleanup(watch, sight, settings, expect))
}

fn promotion(watch: &Watch, sight: &Sight, settings: &AutopilotConfig, expect: u32) -> Option<Step> {
    let voters = sight.members.iter().filter(|member| member.voter).count();
    let is_forming = voters < expect as usize;
    let ready = |id: u64| {
        let Some(seen) = watch.servers.get(&id) else { return false };
        let stable = sight.now.saturating_sub(seen.stable);
        seen.healthy && (is_forming || stable >= settings.server_stabilization_time.0)
    };
    let learners = sight.members.iter().filter(|member| !member.voter && !member.server.read_replica);
    learners.map(|member| member.id).find(|id| ready(*id)).map(Step::Promote)
}

fn cleanup(watch: &Watch, sight: &Sight, settings: &AutopilotConfig, expect: u32) -> Option<Step> {
    if !settings.cleanup_dead_servers {
        return None;
    }
    let voters = sight.members.iter().filter(|member| member.voter);
    let alive = voters.clone().filter(|member| watch.is_alive(member.id)).count();
    let safe = if expect == 0 { SAFE } else { expect as usize };
    let least = usize::try_from(settings.min_quorum).unwrap_or(usize::MAX);
    let enough = alive >= safe.max(least) && alive * 2 > voters.count();
    let is_due = |member: &&weft_raft::Member| {
        let Some(failed) = watch.servers.get(&member.id).and_then(|seen| seen.failed) else { return false };
        let dead = sight.now.saturating_sub(failed.at);
        match member.voter {
            false => dead >= LEARNER_AFTER,
            true => enough && (dead >= GONE_AFTER || (alive >= failed.voters && dead >= REPLACED_AFTER)),
        }
    };
    sight.members.iter().find(is_due).map(|member| Step::Remove(member.id))
}
