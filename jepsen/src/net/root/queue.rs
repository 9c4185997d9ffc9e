//! When a packet may leave a link: delay, jitter, order and rate. Pure; time is an argument.

use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use rand::{Rng, RngExt};

use crate::net::{Counters, Policy};

/// Packets that wait are bounded; what comes when it is full is lost, as in a router.
const ROOM: usize = 20_000;
/// What is held back for the order's sake waits so much longer.
const HELD: Duration = Duration::from_millis(25);

/// A packet on its way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiting<P> {
    due: Instant,
    arrival: u64,
    packet: P,
}

impl<P: Eq> Ord for Waiting<P> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap gives the greatest first: the earliest due.
        (other.due, other.arrival).cmp(&(self.due, self.arrival))
    }
}

impl<P: Eq> PartialOrd for Waiting<P> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// All packets that wait.
#[derive(Debug)]
pub(super) struct Queue<P> {
    heap: BinaryHeap<Waiting<P>>,
    arrivals: u64,
}

impl<P: Eq> Default for Queue<P> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), arrivals: 0 }
    }
}

impl<P: Eq> Queue<P> {
    /// Takes a packet in, due at that time; `false` when there is no room.
    pub(super) fn push(&mut self, due: Instant, packet: P) -> bool {
        if self.heap.len() >= ROOM {
            return false;
        }
        self.arrivals += 1;
        self.heap.push(Waiting { due, arrival: self.arrivals, packet });
        true
    }

    /// The next packet that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<P> {
        (self.heap.peek()?.due <= now).then(|| self.heap.pop().map(|waiting| waiting.packet))?
    }

    /// When the next one is due.
    pub(super) fn next(&self) -> Option<Instant> {
        self.heap.peek().map(|waiting| waiting.due)
    }
}

/// When the copies of a packet of that size leave; none: it is lost. `free` is when the link has sent all before.
pub(super) fn departures(
    policy: &Policy,
    size: usize,
    now: Instant,
    free: &mut Option<Instant>,
    rng: &mut impl Rng,
    seen: &mut Counters,
) -> Vec<Instant> {
    if policy.cut || chance(rng, policy.loss) {
        seen.dropped += 1;
        return Vec::new();
    }
    let mut due = now + policy.delay;
    if !policy.jitter.is_zero() {
        due += policy.jitter.mul_f64(rng.random_range(0.0..1.0));
    }
    if let Some(rate) = policy.rate {
        let begin = free.map_or(now, |free| free.max(now));
        let end = begin + Duration::from_secs_f64(size as f64 / rate.max(1) as f64);
        // A second of backlog is all that a slow link keeps.
        if end > now + Duration::from_secs(1) {
            seen.dropped += 1;
            return Vec::new();
        }
        *free = Some(end);
        due += end - now;
    }
    if chance(rng, policy.reorder) {
        seen.reordered += 1;
        due += HELD;
    }
    seen.delayed += u64::from(due > now);
    seen.passed += 1;
    if chance(rng, policy.duplicate) {
        seen.duplicated += 1;
        return vec![due, due + HELD / 10];
    }
    vec![due]
}

fn chance(rng: &mut impl Rng, share: f64) -> bool {
    share > 0.0 && rng.random_bool(share.min(1.0))
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    fn send(policy: &Policy, packets: usize) -> (Vec<Vec<Duration>>, Counters) {
        let (mut rng, now, mut free, mut seen) = (StdRng::seed_from_u64(1), Instant::now(), None, Counters::default());
        let mut one = || departures(policy, 1000, now, &mut free, &mut rng, &mut seen);
        let all = (0..packets).map(|_| one().into_iter().map(|at| at - now).collect()).collect();
        (all, seen)
    }

    #[test]
    fn without_a_policy_everything_leaves_at_once() {
        let (all, seen) = send(&Policy::default(), 3);
        assert!(all.iter().all(|copies| copies == &[Duration::ZERO]));
        assert_eq!((seen.passed, seen.harmed()), (3, 0));
    }

    #[test]
    fn a_cut_link_carries_nothing_and_counts_it() {
        let (all, seen) = send(&Policy::cut(), 5);
        assert!(all.iter().all(Vec::is_empty));
        assert_eq!((seen.passed, seen.dropped), (0, 5));
    }

    #[test]
    fn loss_and_copies_come_in_their_share() {
        let policy = Policy { loss: 0.3, duplicate: 0.5, ..Policy::default() };
        let (_, seen) = send(&policy, 1000);
        assert!((230..370).contains(&seen.dropped), "{seen:?}");
        assert!((280..420).contains(&seen.duplicated), "{seen:?}");
    }

    #[test]
    fn a_slow_link_sends_one_after_the_other_and_drops_its_backlog() {
        let (all, seen) = send(&Policy { rate: Some(10_000), ..Policy::default() }, 15);
        assert_eq!(all[0], [Duration::from_millis(100)]);
        assert_eq!(all[9], [Duration::from_secs(1)]);
        assert_eq!(seen.dropped, 5);
    }

    #[test]
    fn packets_leave_in_the_order_of_their_time() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        assert!(queue.push(now + Duration::from_secs(2), 2));
        assert!(queue.push(now + Duration::from_secs(1), 1));
        assert!(queue.push(now + Duration::from_secs(1), 11));
        assert_eq!(queue.pop(now), None);
        let later = now + Duration::from_secs(3);
        assert_eq!([queue.pop(later), queue.pop(later), queue.pop(later)], [Some(1), Some(11), Some(2)]);
    }
}
