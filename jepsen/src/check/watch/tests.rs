//! Blocking queries with known verdicts.

use serde_json::json;

use super::*;
use crate::check::testing::{Script, whats};
use crate::history::{Band, Outcome, Sample};

const SECOND: u64 = 1_000_000_000;

/// Key `w` is 1 from index 10 on, 2 from 20, gone from 30.
fn script() -> Script {
    let mut script = Script::default();
    for (at, changes) in [
        (10_u64, json!([{"kv": "w", "value": "1"}])),
        (20, json!([{"kv": "w", "value": "2"}])),
        (30, json!([{"kv": "w"}])),
    ] {
        script.ok(
            at * SECOND,
            at * SECOND + 1,
            "watch.put",
            "w",
            json!({"id": at, "changes": changes}),
            json!({"index": at}),
        );
    }
    let journal =
        json!([[10, 10, [{"kv": "w", "value": "1"}]], [20, 20, [{"kv": "w", "value": "2"}]], [30, 30, [{"kv": "w"}]]]);
    script.ok(900 * SECOND, 901 * SECOND, "watch.journal", "", Value::Null, journal);
    script
}

fn wait(from: u64, to: u64, asked: u64, index: u64, body: Value) -> RunData {
    wait_as("default", from, to, asked, index, body)
}

fn wait_as(mode: &str, from: u64, to: u64, asked: u64, index: u64, body: Value) -> RunData {
    let mut script = script();
    let input = json!({"target": "key", "index": asked, "wait_ms": 60_000, "mode": mode});
    script.ok(from, to, "watch.wait", "w", input, json!({"index": index, "body": body}));
    script.run(&["s1", "s2", "s3"])
}

fn check(run: &RunData) -> Verdict {
    Watch::default().check(run)
}

#[test]
fn a_prompt_and_true_answer_passes() {
    assert_eq!(check(&wait(12 * SECOND, 20 * SECOND + 5, 10, 20, json!({"w": ["2", 20]}))), Verdict::True);
    assert_eq!(check(&wait(22 * SECOND, 30 * SECOND + 5, 20, 30, json!({}))), Verdict::True);
    // Absent: the index of the whole table.
    assert_eq!(check(&wait(41 * SECOND, 42 * SECOND, 0, 77, json!({}))), Verdict::True);
}

#[test]
fn a_body_of_another_index_is_seen() {
    let run = wait(12 * SECOND, 20 * SECOND + 5, 10, 20, json!({"w": ["1", 10]}));
    assert_eq!(whats(&check(&run)), ["body-differs"]);
}

#[test]
fn an_index_below_the_asked_one_is_seen() {
    let run = wait(12 * SECOND, 13 * SECOND, 20, 10, json!({"w": ["1", 10]}));
    assert_eq!(whats(&check(&run)), ["index-below-asked"]);
    // A lagging server that was asked for whatever it has, and waited.
    let run = wait_as("stale", 12 * SECOND, 72 * SECOND, 30, 20, json!({"w": ["2", 20]}));
    assert_eq!(check(&run), Verdict::True);
}

#[test]
fn sleeping_through_a_change_is_seen_unless_the_server_was_disturbed() {
    let mut run = wait(12 * SECOND, 29 * SECOND, 10, 10, json!({"w": ["1", 10]}));
    assert_eq!(whats(&check(&run)), ["lost-wake-up"]);
    let band = |target: &str| Band {
        targets: vec![target.to_owned()],
        state: BandState::Installed,
        start_ns: 15 * SECOND,
        end_ns: Some(25 * SECOND),
        ..Band::default()
    };
    run.nemesis = vec![band("s2")];
    assert_eq!(whats(&check(&run)), ["lost-wake-up"]);
    run.nemesis = vec![band("s1")];
    assert_eq!(check(&run), Verdict::True);
}

#[test]
fn a_wait_that_ends_with_a_change_it_slept_through_is_seen() {
    let answer = || json!({"w": ["2", 20]});
    assert_eq!(check(&wait(12 * SECOND, 22 * SECOND, 10, 20, answer())), Verdict::True);
    assert_eq!(whats(&check(&wait(12 * SECOND, 29 * SECOND, 10, 20, answer()))), ["lost-wake-up"]);
    // Whoever begins after it is not woken by it.
    assert_eq!(check(&wait(21 * SECOND, 29 * SECOND, 10, 20, answer())), Verdict::True);
    let mut run = wait(12 * SECOND, 29 * SECOND, 10, 20, answer());
    let band = |target: &str, from: u64, to: u64| Band {
        targets: vec![target.to_owned()],
        start_ns: from * SECOND,
        end_ns: Some(to * SECOND),
        ..Band::default()
    };
    run.nemesis = vec![band("s2", 15, 25), band("s3", 24, 26)];
    assert_eq!(check(&run), Verdict::True);
    run.nemesis = vec![band("s2", 15, 21), band("s3", 24, 26)];
    assert_eq!(whats(&check(&run)), ["lost-wake-up"], "there was a quorum all the time");
}

/// The server answers others quickly, or stands still until the end; its threads wait for a processor all the time.
fn on_a_slow_machine(stands_still: bool) -> RunData {
    let mut script = script();
    let input = json!({"target": "key", "index": 10, "wait_ms": 60_000, "mode": "default"});
    for at in 21..24 {
        script.ok(at * SECOND, at * SECOND + SECOND / 100, "watch.put", "other", json!({}), json!({}));
    }
    if stands_still {
        script.ok(24 * SECOND, 30 * SECOND, "watch.put", "other", json!({}), json!({}));
    }
    script.ok(12 * SECOND, 29 * SECOND, "watch.wait", "w", input, json!({"index": 20, "body": {"w": ["2", 20]}}));
    let mut run = script.run(&["s1", "s2", "s3"]);
    let sample = |at: u64| Sample {
        ns: at * SECOND,
        server: "s1".to_owned(),
        boot: 1,
        run_ns: Some(at * 1000),
        wait_ns: Some(at * 50_000),
        ..Sample::default()
    };
    run.samples = (0..40).map(sample).collect();
    run
}

#[test]
fn a_slow_machine_excuses_only_whom_it_slowed() {
    assert_eq!(whats(&check(&on_a_slow_machine(false))), ["lost-wake-up"]);
    assert_eq!(check(&on_a_slow_machine(true)), Verdict::True);
    let mut alone = on_a_slow_machine(false);
    alone.history.retain(|op| op.key != "other");
    for op in alone.history.iter_mut().filter(|op| op.call() == "wait") {
        op.return_ns = Some(60 * SECOND);
    }
    assert!(matches!(check(&alone), Verdict::Unknown(_)), "nobody saw whether it was the server or the machine");
}

#[test]
fn a_change_whose_writer_heard_nothing_hides_no_later_one() {
    let mut run = wait(12 * SECOND, 39 * SECOND, 10, 10, json!({"w": ["1", 10]}));
    assert_eq!(whats(&check(&run)), ["lost-wake-up"]);
    for op in run.history.iter_mut().filter(|op| op.invoke_ns == 20 * SECOND) {
        op.outcome = Outcome::Info("no answer".to_owned());
    }
    assert_eq!(whats(&check(&run)), ["lost-wake-up"], "that at 30 was acknowledged");
}

#[test]
fn a_query_must_show_what_was_acknowledged_before_it() {
    let answer = || json!({"w": ["1", 10]});
    assert_eq!(whats(&check(&wait(21 * SECOND, 22 * SECOND, 10, 10, answer()))), ["stale-answer"]);
    assert_eq!(check(&wait_as("stale", 21 * SECOND, 22 * SECOND, 10, 10, answer())), Verdict::True);
}

#[test]
fn services_are_replayed_with_their_health() {
    let mut script = Script::default();
    let instance = json!({"node": "n", "id": "a", "name": "web", "port": 1, "status": "passing"});
    let journal = json!([
        [5, 1, [{"service": instance}]],
        [6, 2, [{"status": {"node": "n", "id": "a", "status": "critical"}}]],
        [7, 3, [{"status": {"node": "n", "id": "a", "status": "critical"}}]],
        [8, 4, [{"node_gone": "n"}]],
    ]);
    script.ok(90, 91, "catalog.journal", "", Value::Null, journal);
    let truth = Truth::of(&script.run(&["s1"]), "catalog");
    let states = truth.map(|truth| states(&truth, &Target::Service("web".to_owned()))).unwrap_or_default();
    // The third change changed nothing.
    assert_eq!(states.keys().copied().collect::<Vec<_>>(), [0, 5, 6, 8]);
    assert_eq!(states[&6], BTreeMap::from([("n/a".to_owned(), json!([1, "critical"]))]));
    assert!(states[&8].is_empty());
}

#[test]
fn an_acknowledged_write_that_the_journal_lacks_is_lost() {
    let mut script = script();
    script.ok(40, 41, "watch.put", "w", json!({"id": 99, "changes": []}), json!({"index": 40}));
    assert!(whats(&check(&script.run(&["s1"]))).contains(&"lost"));
}
