//! The task that owns this agent's checks.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};
use tokio_util::task::AbortOnDropHandle;
use weft_api::host::HeartbeatError;
use weft_model::health::{Check, CheckStatus};
use weft_model::{CheckId, NodeName, ServiceId, Topic};
use weft_state::{State, StateView, Store};

use super::Message;
use super::abroad::Abroad;
use super::alarm::{Alarm, Alarms};
use super::alias::Aliases;
use super::method::{self, Method};
use super::outcome::Outcome;
use super::probe;
use super::settings::Settings;
use super::threshold::Streak;
use super::tls::Tls;
use super::write::{Ending, Reply, Writes};

/// The pause before what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The least `DeregisterCriticalServiceAfter`.
const REAP_MIN: Duration = Duration::from_secs(60);

/// A pass may take at most one part in so many of the time.
const PASS_SHARE: u32 = 5;

/// Runs the checks of one node. Dropping it, or the future of [`Runner::run`], ends them all.
pub(crate) struct Runner {
    pub(super) node: NodeName,
    pub(super) store: Arc<Store>,
    pub(super) settings: Settings,
    pub(super) tls: Arc<Tls>,
    messages: mpsc::Receiver<Message>,
    pub(super) results: mpsc::WeakSender<Message>,
    pub(super) running: HashMap<CheckId, Running>,
    /// The state as of the last pass.
    pub(super) seen: Arc<State>,
    pub(super) aliases: Aliases,
    /// Who knows other nodes, where the state does not.
    pub(super) abroad: Option<Arc<dyn Abroad>>,
    /// To be judged in the next pass though nothing about them changed.
    pub(super) unsettled: BTreeSet<CheckId>,
    pub(super) alarms: Alarms,
    pub(super) writes: Writes,
    pub(super) gate: Arc<Semaphore>,
    /// How many probes were started.
    pub(super) runs: u64,
    pub(super) passes: u64,
    /// Nothing is removed sooner than this after it turned critical.
    pub(super) reap_min: Duration,
}

/// A check under care.
pub(super) struct Running {
    /// The check as of the last pass that changed it.
    pub(super) seen: Arc<Check>,
    pub(super) method: Method,
    pub(super) work: Work,
}

/// What keeps it going.
pub(super) enum Work {
    /// Nothing here: it has an alarm, or is looked at in every pass.
    Alone,
    /// What was last heard of another node's health.
    Watch {
        run: u64,
        last: Option<Outcome>,
        _task: AbortOnDropHandle<()>,
    },
    Probe {
        run: u64,
        soon: Arc<Notify>,
        streak: Streak,
        written: Option<Instant>,
        _task: AbortOnDropHandle<()>,
    },
}

impl Runner {
    pub(super) fn new(
        node: NodeName,
        store: Arc<Store>,
        settings: Settings,
        (messages, results): (mpsc::Receiver<Message>, mpsc::WeakSender<Message>),
    ) -> Self {
        Self {
            tls: Arc::new(Tls::new(settings.certificates.clone())),
            settings,
            writes: Writes::new(node.clone(), Arc::clone(&store)),
            node,
            store,
            messages,
            results,
            running: HashMap::new(),
            seen: Arc::default(),
            aliases: Aliases::default(),
            abroad: None,
            unsettled: BTreeSet::new(),
            alarms: Alarms::default(),
            gate: Arc::new(Semaphore::new(probe::TOGETHER)),
            runs: 0,
            passes: 0,
            reap_min: REAP_MIN,
        }
    }

    /// The same, for an agent whose state holds its own node only.
    pub(crate) fn asking(self, abroad: Arc<dyn Abroad>) -> Self {
        Self { abroad: Some(abroad), ..self }
    }

    /// Runs until every handle is gone.
    pub(crate) async fn run(mut self) {
        let mut watched = BTreeSet::from([Topic::Node(self.node.clone())]);
        let mut subscription = self.store.subscribe(watched.clone());
        let mut pass_at = Some(Instant::now());
        let mut rested = Instant::now();
        loop {
            tokio::select! {
                // A heartbeat goes before the expiry that it is about to prevent.
                biased;
                message = self.messages.recv() => match message {
                    Some(message) => self.receive(message),
                    None => return,
                },
                ending = self.writes.next() => if ending == Ending::Unknown {
                    self.alarms.set(Alarm::Retry, RETRY);
                },
                alarm = self.alarms.next() => match alarm {
                    Alarm::Silent(check) => self.expire(&check),
                    Alarm::Reap(check) => self.reap(&check),
                    Alarm::Retry => {
                        self.unsettled = self.running.keys().cloned().collect();
                        pass_at = Some(rested);
                    }
                },
                () = sleep_until(pass_at.unwrap_or(rested)), if pass_at.is_some() => {
                    let started = Instant::now();
                    let topics = self.pass();
                    // Quiet nodes are served at once, busy ones in a rhythm that they can bear.
                    rested = Instant::now() + started.elapsed() * PASS_SHARE;
                    // What happened to a topic before it was watched wakes nobody.
                    pass_at = (topics != watched).then_some(rested);
                    watched.clone_from(&topics);
                    subscription.watch(topics);
                }
                _ = subscription.changed(), if pass_at.is_none() => pass_at = Some(rested),
            }
        }
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Heartbeat { check, outcome, reply } => self.heartbeat(check, outcome, reply),
            Message::Probed { check, run, outcome } => self.probed(&check, run, outcome),
            Message::Seen { check, run, outcome } => self.heard(check, run, outcome),
            Message::Settings(settings) => self.settings = *settings,
            Message::Probe(service) => self.probe_now(&service),
        }
    }

    fn probe_now(&mut self, service: &ServiceId) {
        let state = self.store.current();
        let Some(instance) = StateView::new(&state).instance(&self.node, service) else { return };
        for check in instance.checks.iter().filter(|check| check.value.service_id == *service) {
            if let Some(Running { work: Work::Probe { soon, .. }, .. }) = self.running.get(&check.value.id) {
                soon.notify_one();
            }
        }
    }

    /// The state decides what is known, not what runs: a check may report before the pass that
    /// starts it.
    fn heartbeat(&mut self, check: CheckId, outcome: Outcome, reply: Reply) {
        let stored = self.stored(&check);
        let refusal = match stored.as_ref().map(|check| Method::of(check, &self.settings)) {
            None => HeartbeatError::Unknown(check.as_str().to_owned()),
            Some(Some(Method::Ttl(ttl))) => {
                let max = stored.map_or(0, |stored| method::output_max(&stored.definition, &self.settings));
                let outcome = shortened(outcome, max);
                self.alarms.set(Alarm::Silent(check.clone()), ttl);
                return self.write(check, outcome, Some(reply));
            }
            Some(_) => HeartbeatError::NotTtl(check.as_str().to_owned()),
        };
        // Whoever asked may have gone.
        drop(reply.send(Err(refusal)));
    }

    fn expire(&mut self, id: &CheckId) {
        const EXPIRED: &str = "TTL expired";
        let Some(check) = self.stored(id) else { return };
        let is_ttl = matches!(Method::of(&check, &self.settings), Some(Method::Ttl(_)));
        if !is_ttl || (check.status == CheckStatus::Critical && check.output.starts_with(EXPIRED)) {
            return;
        }
        let output = if check.output.is_empty() {
            EXPIRED.to_owned()
        } else {
            format!("{EXPIRED} (last output before timeout follows): {}", check.output)
        };
        tracing::warn!(check = %id, "TTL check was not heard of in time, is now critical");
        self.write(id.clone(), Outcome::critical(output), None);
    }

    fn reap(&mut self, id: &CheckId) {
        let Some(check) = self.stored(id).filter(|check| check.status == CheckStatus::Critical) else { return };
        tracing::info!(check = %id, service = %check.service_id, "critical for too long, deregistering the service");
        self.writes.deregister(check.service_id.clone());
    }

    fn heard(&mut self, id: CheckId, run: u64, outcome: Outcome) {
        if let Some(Running { work: Work::Watch { run: current, last, .. }, .. }) = self.running.get_mut(&id)
            && *current == run
        {
            *last = Some(outcome.clone());
            self.write(id, outcome, None);
        }
    }

    fn probed(&mut self, id: &CheckId, run: u64, outcome: Outcome) {
        let Some(check) = self.stored(id) else { return };
        let Some(Running { work: Work::Probe { run: current, streak, written, .. }, method, .. }) =
            self.running.get_mut(id)
        else {
            return;
        };
        let Method::Probe(probe) = method else { return };
        if *current != run {
            return;
        }
        let Some(status) = streak.judge(outcome.status, probe.thresholds) else { return };
        let same_status = check.status == status;
        let recent = written.is_some_and(|written| written.elapsed() < self.settings.output_every);
        if same_status && recent {
            return;
        }
        *written = Some(Instant::now());
        if !same_status {
            tracing::info!(check = %id, %status, "check changed");
        }
        self.write(id.clone(), Outcome { status, ..outcome }, None);
    }

    /// Writes a result, unless the state says the same and nothing is about to change that.
    pub(super) fn write(&mut self, check: CheckId, outcome: Outcome, reply: Option<Reply>) {
        let outcome = if self.settings.discard_output { outcome.cut(0) } else { outcome };
        let unchanged = !self.writes.is_under_way(&check)
            && self
                .stored(&check)
                .is_some_and(|stored| stored.status == outcome.status && stored.output == outcome.output);
        match (unchanged, reply) {
            // Whoever asked may have gone.
            (true, Some(reply)) => drop(reply.send(Ok(()))),
            (true, None) => {}
            (false, reply) => self.writes.update(check, outcome, reply),
        }
    }

    fn stored(&self, id: &CheckId) -> Option<Arc<Check>> {
        let state = self.store.current();
        StateView::new(&state).check(&self.node, id).map(|check| check.value)
    }
}

/// A report that is longer than its check allows.
fn shortened(outcome: Outcome, max: usize) -> Outcome {
    let length = outcome.output.len();
    if length <= max {
        return outcome;
    }
    let cut = outcome.cut(max);
    let note = format!(" ... (captured {} of {length} bytes)", cut.output.len());
    Outcome { output: cut.output + &note, ..cut }
}
