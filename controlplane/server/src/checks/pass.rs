//! A pass: makes what runs fit what is registered.
//!
//! Thousands of checks may be registered here, and any result of any of them asks for a pass. So a
//! pass costs what has changed since the last one: what is the same in both states is not walked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use weft_model::health::{Check, CheckStatus};
use weft_model::{CheckId, Topic};
use weft_state::StateView;

use super::abroad;
use super::alarm::Alarm;
use super::alias::{self, Aliased};
use super::method::{Method, Probe};
use super::outcome::Outcome;
use super::probe::Prober;
use super::runner::{Runner, Running, Work};
use super::threshold::Streak;

/// A check that has no result yet is probed within the first time; after a restart the probes of the
/// others are spread over their intervals, or the second one.
const FIRST_PROBE: Duration = Duration::from_millis(100);
const RESTART_SPREAD: Duration = Duration::from_secs(30);

impl Runner {
    /// Starts and stops checks, and judges those that depend on the state alone. Answers what the
    /// next pass depends on.
    pub(super) fn pass(&mut self) -> BTreeSet<Topic> {
        let state = self.store.current();
        let older = std::mem::replace(&mut self.seen, Arc::clone(&state));
        self.passes += 1;
        let mut judged = std::mem::take(&mut self.unsettled);
        let mut moved: BTreeSet<Aliased> = state.changed_instances(&older).cloned().collect();
        for change in state.check_changes(&older) {
            for check in change.before.iter().chain(&change.after) {
                moved.insert((check.value.node.clone(), check.value.service_id.clone()));
            }
            match (change.before, change.after) {
                (_, Some(check)) if check.value.node == self.node => {
                    self.visit(Arc::clone(&check.value));
                    judged.insert(check.value.id.clone());
                }
                (Some(check), None) if check.value.node == self.node => self.stop(&check.value.id),
                (_, Some(_)) | (Some(_) | None, None) => {}
            }
        }
        judged.extend(moved.iter().flat_map(|moved| self.aliases.showing(moved)).cloned());
        self.judge(&StateView::new(&state), judged);
        let nodes = self.aliases.nodes().chain([&self.node]);
        nodes.cloned().map(Topic::Node).collect()
    }

    fn visit(&mut self, check: Arc<Check>) {
        let Some(method) = Method::of(&check, &self.settings) else { return self.stop(&check.id) };
        self.watch_over(&check);
        if let Some(known) = self.running.get_mut(&check.id).filter(|known| known.method == method) {
            known.seen = check;
            return;
        }
        let id = check.id.clone();
        if let Some(former) = self.running.remove(&id) {
            self.alarms.cancel(&Alarm::Silent(id.clone()));
            self.forget_alias(&former.method, &id);
        }
        if let Some(aliased) = self.aliased(&method) {
            self.aliases.add(aliased, id.clone());
        }
        let work = self.start(&check, &method);
        self.running.insert(id, Running { seen: check, method, work });
    }

    fn stop(&mut self, id: &CheckId) {
        let Some(former) = self.running.remove(id) else { return };
        self.forget_alias(&former.method, id);
        self.alarms.cancel(&Alarm::Silent(id.clone()));
        self.alarms.cancel(&Alarm::Reap(id.clone()));
    }

    fn forget_alias(&mut self, method: &Method, id: &CheckId) {
        if let Some(aliased) = self.aliased(method) {
            self.aliases.remove(&aliased, id);
        }
    }

    /// What an alias check shows the health of, where the state has it; `None` for other kinds.
    fn aliased(&self, method: &Method) -> Option<Aliased> {
        match method {
            Method::Alias { node, service } => {
                let node = if node.is_empty() { &self.node } else { node };
                let is_seen = *node == self.node || self.abroad.is_none();
                is_seen.then(|| (node.clone(), service.clone()))
            }
            Method::Ttl(_) | Method::Probe(_) | Method::Refused(_) => None,
        }
    }

    /// Starts and stops the clock of `DeregisterCriticalServiceAfter`.
    fn watch_over(&mut self, check: &Check) {
        let after = check.definition.deregister_critical_service_after;
        let alarm = Alarm::Reap(check.id.clone());
        if after.is_zero() || check.service_id.is_empty() || check.status != CheckStatus::Critical {
            self.alarms.cancel(&alarm);
        } else if !self.alarms.is_set(&alarm) {
            self.alarms.set(alarm, after.0.max(self.reap_min));
        }
    }

    fn start(&mut self, check: &Check, method: &Method) -> Work {
        let silent = Alarm::Silent(check.id.clone());
        match method {
            // A heartbeat that came before this pass has set it already.
            Method::Ttl(_) if self.alarms.is_set(&silent) => Work::Alone,
            Method::Ttl(ttl) => {
                self.alarms.set(silent, *ttl);
                Work::Alone
            }
            Method::Probe(probe) => self.start_probe(check, probe),
            Method::Alias { node, service } => match self.abroad.clone().filter(|_| self.aliased(method).is_none()) {
                Some(abroad) => {
                    self.runs += 1;
                    let of = (node.clone(), service.clone());
                    let watch = abroad::watch(abroad, Arc::new(check.clone()), of, self.runs, self.results.clone());
                    Work::Watch { run: self.runs, last: None, _task: AbortOnDropHandle::new(tokio::spawn(watch)) }
                }
                None => Work::Alone,
            },
            Method::Refused(why) => {
                self.write(check.id.clone(), Outcome::critical(why.clone()), None);
                Work::Alone
            }
        }
    }

    fn start_probe(&mut self, check: &Check, probe: &Probe) -> Work {
        self.runs += 1;
        let soon = Arc::new(Notify::new());
        let prober = Prober {
            check: check.id.clone(),
            run: self.runs,
            probe: Box::new(probe.clone()),
            soon: Arc::clone(&soon),
            gate: Arc::clone(&self.gate),
            tls: Arc::clone(&self.tls),
            results: self.results.clone(),
        };
        let is_restart = self.passes == 1 && !check.output.is_empty();
        let spread = probe.interval.min(if is_restart { RESTART_SPREAD } else { FIRST_PROBE });
        let task = tokio::spawn(prober.run(spread.mul_f64(rand::random())));
        Work::Probe {
            run: self.runs,
            soon,
            streak: Streak::default(),
            written: None,
            _task: AbortOnDropHandle::new(task),
        }
    }

    fn judge(&mut self, view: &StateView<'_>, judged: BTreeSet<CheckId>) {
        for id in judged {
            let Some(running) = self.running.get(&id) else { continue };
            match &running.method {
                Method::Alias { .. } => {
                    let outcome = match (self.aliased(&running.method), &running.work) {
                        (Some((node, service)), _) => alias::outcome(view, &node, &service),
                        (None, Work::Watch { last: Some(outcome), .. }) => outcome.clone(),
                        (None, Work::Watch { last: None, .. } | Work::Alone | Work::Probe { .. }) => continue,
                    };
                    if outcome.status != running.seen.status || outcome.output != running.seen.output {
                        self.write(id, outcome, None);
                    }
                }
                // Its expiry could not be written, or somebody else wrote over it.
                Method::Ttl(_) if running.seen.status != CheckStatus::Critical => {
                    let silent = Alarm::Silent(id.clone());
                    if !self.alarms.is_set(&silent) && !self.writes.is_under_way(&id) {
                        self.alarms.set(silent, Duration::ZERO);
                    }
                }
                Method::Ttl(_) | Method::Probe(_) | Method::Refused(_) => {}
            }
        }
    }
}
