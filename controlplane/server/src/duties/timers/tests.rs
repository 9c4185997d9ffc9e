#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};

use weft_model::catalog::Node;
use weft_model::kv::KvVerb;
use weft_model::{Envelope, GoDuration, KvOp, Reply, RequestId, Session, Timestamp};
use weft_state::State;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn id(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

fn request() -> RequestId {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    RequestId { origin: 1, sequence: NEXT.fetch_add(1, Ordering::SeqCst) }
}

fn after(state: &State, commands: impl IntoIterator<Item = Command>) -> State {
    let mut state = state.clone();
    for command in commands {
        let envelope = Envelope { id: request(), settled: 0, at: Timestamp(0), command };
        let outcome = weft_state::apply(&state, state.index() + 1, &envelope);
        outcome.reply.unwrap();
        state = outcome.state;
    }
    state
}

fn session(number: u128, ttl: Option<u64>) -> Command {
    Command::SessionCreate(Box::new(Session {
        id: id(number),
        name: String::new(),
        node: "n1".into(),
        lock_delay: GoDuration::from_secs(15),
        behavior: weft_model::session::Behavior::Release,
        ttl: ttl.map(GoDuration::from_secs),
        ttl_text: String::new(),
        node_checks: vec![],
        service_checks: vec![],
    }))
}

fn with_node() -> State {
    let node = Node { name: "n1".into(), address: "::1".into(), ..Node::default() };
    after(&State::default(), [Command::register_node(node)])
}

/// What is over at `now`, all of it.
fn due(clockwork: &mut Clockwork, now: Instant) -> Vec<Command> {
    clockwork.due(now, usize::MAX).into_iter().map(|(_, command)| command).collect()
}

#[test]
fn a_session_ends_after_twice_its_time_and_a_renewal_starts_it_again() {
    let (start, keeper) = (Instant::now(), Uuid::new_v4());
    let state = after(&with_node(), [session(1, Some(10)), session(2, None)]);
    let mut clockwork = Clockwork::start(keeper, &state, start);
    assert_eq!(due(&mut clockwork, start + 19 * SECOND), []);
    assert!(clockwork.renew(id(1), start + 19 * SECOND));
    assert!(!clockwork.renew(id(2), start));
    assert_eq!(due(&mut clockwork, start + 38 * SECOND), []);
    let expired = Command::SessionExpire { session: id(1), modify_index: 2, keeper };
    assert_eq!(due(&mut clockwork, start + 39 * SECOND), [expired]);
}

#[test]
fn what_comes_and_goes_is_timed_from_when_it_is_seen() {
    let (start, keeper) = (Instant::now(), Uuid::new_v4());
    let empty = with_node();
    let mut clockwork = Clockwork::start(keeper, &empty, start);
    let state = after(&empty, [session(1, Some(10)), session(2, Some(10))]);
    clockwork.see(&state, start + 5 * SECOND);
    clockwork.see(&after(&state, [Command::SessionDestroy(id(2))]), start + 6 * SECOND);
    assert_eq!(due(&mut clockwork, start + 24 * SECOND), []);
    assert_eq!(due(&mut clockwork, start + 25 * SECOND).len(), 1);
}

#[test]
fn a_lock_delay_is_over_after_its_time_from_when_it_was_armed() {
    let start = Instant::now();
    let lock = Command::Kv(KvOp::new(KvVerb::Lock { session: id(1) }, "k"));
    let state = after(&with_node(), [session(1, None), lock, Command::SessionDestroy(id(1))]);
    let mut clockwork = Clockwork::start(Uuid::nil(), &state, start);
    assert_eq!(due(&mut clockwork, start + 14 * SECOND), []);
    let over = due(&mut clockwork, start + 15 * SECOND);
    assert_eq!(over, [Command::LockDelayOver { key: "k".into(), since: 4 }]);
    let state = after(&state, over);
    clockwork.see(&state, start + 15 * SECOND);
    assert_eq!(state.lock_delays().count(), 0);
}

#[test]
fn removed_keys_are_forgotten_after_a_quarter_of_an_hour() {
    let start = Instant::now();
    let set = |key: &str| Command::Kv(KvOp::set(key, "v"));
    let delete = |key: &str| Command::Kv(KvOp::new(KvVerb::Delete, key));
    let state = after(&State::default(), [set("a"), delete("a")]);
    let mut clockwork = Clockwork::start(Uuid::nil(), &state, start);
    assert_eq!(due(&mut clockwork, start + 30 * SECOND), []);
    let state = after(&state, [set("b"), delete("b")]);
    clockwork.see(&state, start + 40 * SECOND);
    assert_eq!(due(&mut clockwork, start + 60 * SECOND), []);
    assert_eq!(due(&mut clockwork, start + 930 * SECOND), [Command::KvReap { upto: 2 }]);
}

#[test]
fn what_was_not_applied_is_proposed_again() {
    let start = Instant::now();
    let state = after(&with_node(), [session(1, Some(10))]);
    let mut clockwork = Clockwork::start(Uuid::nil(), &state, start);
    let (over, _) = clockwork.due(start + 20 * SECOND, 9).remove(0);
    clockwork.again(over.clone(), start + 20 * SECOND);
    assert_eq!(due(&mut clockwork, start + 21 * SECOND).len(), 1);
    clockwork.see(&after(&state, [Command::SessionDestroy(id(1))]), start + 21 * SECOND);
    clockwork.again(over, start + 21 * SECOND);
    assert_eq!(due(&mut clockwork, start + 30 * SECOND), []);
}

/// Timers over a log of their own, leading in the term that is written there; 0: not leading.
fn timers(state: State) -> (Arc<Timers>, Arc<Store>, Arc<AtomicU64>) {
    let (store, _) = crate::testing::store(state);
    let term = Arc::new(AtomicU64::new(1));
    let shown = Arc::clone(&term);
    let leads = Box::new(move || Some(shown.load(Ordering::SeqCst)).filter(|term| *term > 0));
    let timers = Timers::new(Arc::clone(&store), leads);
    tokio::spawn(Arc::clone(&timers).run());
    (timers, store, term)
}

fn has_session(store: &Store, number: u128) -> bool {
    StateView::new(&store.current()).session(id(number)).is_some()
}

/// Sessions of these tests live for less than any that a client may ask for.
const TTL: Duration = Duration::from_millis(400);

fn short(number: u128) -> Command {
    let Command::SessionCreate(mut wanted) = session(number, None) else { panic!() };
    wanted.ttl = Some(GoDuration(TTL));
    Command::SessionCreate(wanted)
}

/// Waits until the sessions are gone; how long that took.
async fn gone(store: &Store, numbers: impl IntoIterator<Item = u128>) -> Duration {
    let start = Instant::now();
    for number in numbers {
        while has_session(store, number) {
            assert!(start.elapsed() < 60 * SECOND);
            sleep(Duration::from_millis(10)).await;
        }
    }
    start.elapsed()
}

#[tokio::test]
async fn a_renewed_session_outlives_one_that_is_not() {
    let (timers, store, _) = timers(after(&with_node(), [short(1), short(2)]));
    let mut renewed = Instant::now();
    while has_session(&store, 2) {
        if timers.renew(id(1)).await == Ok(true) {
            renewed = Instant::now();
        }
        sleep(TTL / 10).await;
    }
    assert!(has_session(&store, 1));
    assert_eq!(timers.renew(id(2)).await, Ok(false));
    gone(&store, [1]).await;
    assert!(renewed.elapsed() >= TTL);
}

#[tokio::test]
async fn a_new_leader_starts_all_timers_in_full_and_a_former_one_renews_nothing() {
    let (timers, store, term) = timers(after(&with_node(), [short(1)]));
    sleep(TTL).await;
    term.store(0, Ordering::SeqCst);
    sleep(2 * TTL).await;
    assert_eq!(timers.renew(id(1)).await, Err(NotInCharge));
    assert!(has_session(&store, 1));
    term.store(2, Ordering::SeqCst);
    assert!(gone(&store, [1]).await >= 2 * TTL);
}

#[tokio::test]
async fn a_former_keepers_expiry_is_void() {
    let (_, store, _) = timers(after(&with_node(), [session(1, Some(10))]));
    while StateView::new(&store.current()).timekeeper().is_nil() {
        sleep(LOOK_EVERY).await;
    }
    let stale = Command::SessionExpire { session: id(1), modify_index: 2, keeper: Uuid::new_v4() };
    assert_eq!(store.propose(stale).await.unwrap().1, Reply::Done);
    assert!(has_session(&store, 1));
}

#[tokio::test]
async fn thousands_of_sessions_end_together() {
    let (_, store, _) = timers(after(&with_node(), (1..=3000).map(short)));
    assert!(gone(&store, 1..=3000).await >= 2 * TTL);
}
