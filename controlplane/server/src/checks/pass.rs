//! A pass: makes what runs fit what is registered.
//!
//! Thousands of checks may be registered here, and any result of any of them asks for a pass. So a
//! check that is the same value as last time is not looked into again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;
use weft_model::Topic;
use weft_model::health::{Check, CheckStatus};
use weft_state::StateView;

use super::alarm::Alarm;
use super::alias::Aliases;
use super::method::{Method, Probe};
use super::outcome::Outcome;
use super::probe::Prober;
use super::runner::{Runner, Running, Work};

/// A check that has no result yet is probed within the first time; after a restart the probes of the
/// others are spread over their intervals, or the second one.
const FIRST_PROBE: Duration = Duration::from_millis(100);
const RESTART_SPREAD: Duration = Duration::from_secs(30);

impl Runner {
    /// Starts and stops checks, and judges those that depend on the state alone. Answers what the
    /// next pass depends on.
    pub(super) fn pass(&mut self) -> BTreeSet<Topic> {
        let state = self.store.current();
        let view = StateView::new(&state);
        self.passes += 1;
        for check in view.node_checks(&self.node) {
            self.visit(check.value);
        }
        self.stop_absent();
        self.judge(&mut Aliases::new(&view));
        view.reads().topics
    }

    fn visit(&mut self, check: Arc<Check>) {
        if let Some(known) = self.running.get_mut(&check.id)
            && Arc::ptr_eq(&known.seen, &check)
        {
            known.pass = self.passes;
            return;
        }
        let Some(method) = Method::of(&check) else { return };
        self.watch_over(&check);
        match self.running.get_mut(&check.id) {
            Some(known) if known.method == method => {
                known.pass = self.passes;
                known.seen = check;
            }
            former => {
                let id = check.id.clone();
                if former.is_some() {
                    self.alarms.cancel(&Alarm::Silent(id.clone()));
                }
                let work = self.start(&check, &method);
                self.running.insert(id, Running { seen: check, pass: self.passes, method, work });
            }
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
            Method::Alias { .. } => Work::Alone,
            Method::Unsupported(kind) => {
                let outcome = Outcome::critical(format!("check type {kind} is not supported yet"));
                self.write(check.id.clone(), outcome, None);
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
            probe: probe.clone(),
            soon: Arc::clone(&soon),
            gate: Arc::clone(&self.gate),
            results: self.results.clone(),
        };
        let is_restart = self.passes == 1 && !check.output.is_empty();
        let spread = probe.interval.min(if is_restart { RESTART_SPREAD } else { FIRST_PROBE });
        let task = tokio::spawn(prober.run(spread.mul_f64(rand::random())));
        Work::Probe { run: self.runs, soon, written: None, _task: AbortOnDropHandle::new(task) }
    }

    fn stop_absent(&mut self) {
        let passes = self.passes;
        let absent = self.running.iter().filter(|(_, running)| running.pass != passes).map(|(id, _)| id.clone());
        for id in absent.collect::<Vec<_>>() {
            self.running.remove(&id);
            self.alarms.cancel(&Alarm::Silent(id.clone()));
            self.alarms.cancel(&Alarm::Reap(id));
        }
    }

    fn judge(&mut self, aliases: &mut Aliases<'_>) {
        let mut found = Vec::new();
        for (id, running) in &self.running {
            match &running.method {
                Method::Alias { node, service } => {
                    let node = if node.is_empty() { &self.node } else { node };
                    let outcome = aliases.outcome(node, service);
                    if outcome.status != running.seen.status || outcome.output != running.seen.output {
                        found.push((id.clone(), outcome));
                    }
                }
                // Its expiry could not be written, or somebody else wrote over it.
                Method::Ttl(_) if running.seen.status != CheckStatus::Critical => {
                    let silent = Alarm::Silent(id.clone());
                    if !self.alarms.is_set(&silent) && !self.writes.is_under_way(id) {
                        self.alarms.set(silent, Duration::ZERO);
                    }
                }
                Method::Ttl(_) | Method::Probe(_) | Method::Unsupported(_) => {}
            }
        }
        for (id, outcome) in found {
            self.write(id, outcome, None);
        }
    }
}
