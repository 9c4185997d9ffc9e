//! How many leaves this server signs: `CSRMaxPerSecond`, or else `CSRMaxConcurrent`.
//!
//! Leaves stand in line for their turn, so that a thousand services that come at once all get theirs, one after
//! the other. Who asks for one whose turn is not soon is refused, with Consul's text.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use weft_model::ca::CaSettings;

/// How long somebody who asks is left waiting for the line.
pub(super) const PATIENCE: Duration = Duration::from_millis(500);
/// Consul's words.
pub(super) const REFUSAL: &str = "Rate limit reached, try again later";
/// The longest wait without a look at the settings, which may have changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What the settings allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Allowance {
    Any,
    PerSecond(f64),
    AtOnce(u64),
}

impl Allowance {
    pub(super) fn of(settings: &CaSettings) -> Self {
        match (settings.csr_max_per_second, settings.csr_max_concurrent) {
            (rate, _) if rate > 0.0 => Self::PerSecond(rate),
            (_, 0) => Self::Any,
            (_, count) => Self::AtOnce(count),
        }
    }
}

/// The limit of one server. Clones are the same one.
#[derive(Clone, Default)]
pub(super) struct Limit(Arc<Shared>);

#[derive(Default)]
struct Shared {
    line: Mutex<Line>,
    signing: watch::Sender<u64>,
}

/// The right to sign one leaf, for as long as it is held.
#[derive(Default)]
pub(super) struct Turn(Option<Arc<Shared>>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(shared) = &self.0 {
            shared.signing.send_modify(|count| *count = count.saturating_sub(1));
        }
    }
}

impl Limit {
    /// Waits for a turn. Asks what is allowed now, and is done when that says nothing any more; calls `late`
    /// once when the turn is not soon.
    pub(super) async fn turn(&self, allowed: impl Fn() -> Option<Allowance>, late: impl Fn()) -> Option<Turn> {
        let (begun, mut place, mut is_late) = (Instant::now(), None, false);
        loop {
            let now = Instant::now();
            let (wait, at_once) = match allowed()? {
                Allowance::Any => return Some(Turn::default()),
                Allowance::PerSecond(rate) => match self.0.line.lock().wait(&mut place, rate, now) {
                    Duration::ZERO => return Some(Turn::default()),
                    wait => (wait, u64::MAX),
                },
                Allowance::AtOnce(count) => match self.enter(count) {
                    Some(turn) => return Some(turn),
                    None => (LOOK_EVERY, count),
                },
            };
            let soon = PATIENCE.saturating_sub(now - begun);
            let has_place = at_once == u64::MAX;
            if !is_late && (soon.is_zero() || has_place && wait > soon) {
                is_late = true;
                late();
            }
            let wait = wait.min(if is_late { LOOK_EVERY } else { soon });
            if has_place {
                sleep(wait).await;
            } else {
                // In either case it is tried again.
                drop(timeout(wait, self.0.signing.subscribe().wait_for(|count| *count < at_once)).await);
            }
        }
    }

    fn enter(&self, count_max: u64) -> Option<Turn> {
        let has_entered = self.0.signing.send_if_modified(|count| {
            let has_room = *count < count_max;
            *count += u64::from(has_room);
            has_room
        });
        has_entered.then(|| Turn(Some(Arc::clone(&self.0))))
    }
}

/// Who is next at a steady rate.
#[derive(Default)]
struct Line {
    rate: f64,
    /// Raised when the rate changes: places from before are void.
    round: u64,
    /// When the next place is due; `None`: nobody has stood here.
    next: Option<Instant>,
}

/// A place in the line.
struct Place {
    round: u64,
    due: Instant,
}

impl Line {
    /// How long until the turn of whoever has this place, which is given at the first call.
    fn wait(&mut self, place: &mut Option<Place>, rate: f64, now: Instant) -> Duration {
        if self.rate != rate {
            *self = Self { rate, round: self.round + 1, next: None };
        }
        let place = match place {
            Some(place) if place.round == self.round => place,
            _ => place.insert(self.join(now)),
        };
        place.due.saturating_duration_since(now)
    }

    fn join(&mut self, now: Instant) -> Place {
        const LONG: Duration = Duration::from_secs(365 * 24 * 3600);
        let due = self.next.map_or(now, |next| next.max(now));
        let between = Duration::try_from_secs_f64(1.0 / self.rate).unwrap_or(LONG).min(LONG);
        self.next = Some(due + between);
        Place { round: self.round, due }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn the_rate_goes_before_the_number_at_once_and_zero_is_no_limit() {
        let of = |csr_max_per_second: f64, csr_max_concurrent: u64| {
            Allowance::of(&CaSettings { csr_max_per_second, csr_max_concurrent, ..CaSettings::default() })
        };
        assert_eq!(Allowance::of(&CaSettings::default()), Allowance::PerSecond(50.0));
        assert_eq!(
            (of(2.5, 7), of(0.0, 7), of(0.0, 0)),
            (Allowance::PerSecond(2.5), Allowance::AtOnce(7), Allowance::Any)
        );
    }

    #[test]
    fn places_are_a_step_apart_and_an_idle_line_saves_none_up() {
        let (mut line, start) = (Line::default(), Instant::now());
        let mut places: [Option<Place>; 3] = Default::default();
        let waits: Vec<_> = places.iter_mut().map(|place| line.wait(place, 50.0, start)).collect();
        assert_eq!(waits, [Duration::ZERO, 20 * MS, 40 * MS]);
        assert_eq!(line.wait(&mut places[2], 50.0, start + 30 * MS), 10 * MS, "a place is kept");
        assert_eq!(line.wait(&mut places[1], 50.0, start + 30 * MS), Duration::ZERO);
        let later = start + 10_000 * MS;
        assert_eq!([line.wait(&mut None, 50.0, later), line.wait(&mut None, 50.0, later)], [Duration::ZERO, 20 * MS]);
    }

    #[test]
    fn another_rate_makes_another_line_and_an_odd_one_does_no_harm() {
        let (mut line, start) = (Line::default(), Instant::now());
        let mut place = None;
        assert_eq!(line.wait(&mut None, 1e-300, start), Duration::ZERO);
        assert!(line.wait(&mut place, 1e-300, start) > Duration::from_secs(3600));
        assert_eq!(line.wait(&mut place, 10.0, start), Duration::ZERO, "who waits is not left in the old line");
        assert_eq!(line.wait(&mut None, 10.0, start), 100 * MS);
        assert_eq!(line.wait(&mut None, f64::INFINITY, start), Duration::ZERO);
        assert_eq!(line.wait(&mut None, f64::INFINITY, start), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn all_get_their_turn_in_time_and_only_those_far_behind_are_late() {
        let (limit, late, start) = (Limit::default(), AtomicUsize::new(0), Instant::now());
        let count = || {
            late.fetch_add(1, Ordering::Relaxed);
        };
        let turns = (0..100).map(|_| limit.turn(|| Some(Allowance::PerSecond(50.0)), count));
        let turns = futures::future::join_all(turns).await;
        assert!(turns.iter().all(Option::is_some));
        let took = start.elapsed();
        assert!(took >= 1980 * MS && took < 2100 * MS, "{took:?}");
        // Places up to half a second from the start are soon enough.
        assert_eq!(late.load(Ordering::Relaxed), 100 - 26);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_allowed_sign_at_once_and_who_waits_long_is_late() {
        let (limit, late) = (Limit::default(), AtomicUsize::new(0));
        let count = || {
            late.fetch_add(1, Ordering::Relaxed);
        };
        let turn = || limit.turn(|| Some(Allowance::AtOnce(2)), count);
        let (first, second) = (turn().await.unwrap(), turn().await.unwrap());
        assert!(timeout(400 * MS, turn()).await.is_err());
        assert_eq!(late.load(Ordering::Relaxed), 0);
        let release = async {
            sleep(700 * MS).await;
            drop(first);
        };
        let (third, ()) = tokio::join!(turn(), release);
        assert!(third.is_some());
        assert_eq!(late.load(Ordering::Relaxed), 1);
        drop((second, third));
        assert_eq!(*limit.0.signing.borrow(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_of_the_settings_is_noticed_in_the_line_and_an_end_too() {
        let (limit, calls) = (Limit::default(), AtomicUsize::new(0));
        let allowed = || match calls.fetch_add(1, Ordering::Relaxed) {
            0..4 => Some(Allowance::PerSecond(0.001)),
            _ => Some(Allowance::Any),
        };
        limit.turn(allowed, || ()).await.unwrap();
        let start = Instant::now();
        limit.turn(allowed, || ()).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert!(limit.turn(|| None, || ()).await.is_none());
    }
}
