//! Histories with known anomalies, and laws.

use proptest::prelude::*;

use super::judge::judge;
use super::*;

fn r(key: &str, list: &[u64]) -> Micro {
    Micro::Read(key.to_owned(), Some(list.to_vec()))
}

fn a(key: &str, value: u64) -> Micro {
    Micro::Append(key.to_owned(), value)
}

fn txn(op: u64, invoke_ns: u64, return_ns: u64, micros: Vec<Micro>) -> Txn {
    Txn { op, status: Status::Committed, micros, invoke_ns, return_ns: Some(return_ns) }
}

/// All at the same time: real time says nothing.
fn together(txns: Vec<Vec<Micro>>) -> Vec<Txn> {
    txns.into_iter().enumerate().map(|(at, micros)| txn(at as u64, 0, 100, micros)).collect()
}

fn whats(txns: &[Txn]) -> Vec<String> {
    judge(txns).into_iter().map(|finding| finding.what).collect()
}

#[test]
fn a_serial_history_passes() {
    let txns = [
        txn(0, 0, 1, vec![a("x", 1)]),
        txn(1, 2, 3, vec![r("x", &[1]), a("y", 1)]),
        txn(2, 4, 5, vec![r("x", &[1]), r("y", &[1])]),
    ];
    assert_eq!(whats(&txns), [""; 0]);
}

#[test]
fn a_cycle_of_writes_is_g0() {
    let txns =
        together(vec![vec![a("x", 1), a("y", 1)], vec![a("x", 2), a("y", 2)], vec![r("x", &[1, 2]), r("y", &[2, 1])]]);
    assert_eq!(whats(&txns), ["G0"]);
}

#[test]
fn reading_from_a_failed_transaction_is_g1a() {
    let mut txns = together(vec![vec![a("x", 1)], vec![r("x", &[1])]]);
    txns[0].status = Status::Aborted;
    assert_eq!(whats(&txns), ["G1a"]);
}

#[test]
fn reading_the_middle_of_a_transaction_is_g1b() {
    let txns = together(vec![vec![a("x", 1), a("x", 2)], vec![r("x", &[1])], vec![r("x", &[1, 2])]]);
    assert!(whats(&txns).contains(&"G1b".to_owned()));
}

#[test]
fn a_circle_of_information_is_g1c() {
    let txns = together(vec![vec![a("x", 1), r("y", &[1])], vec![a("y", 1), r("x", &[1])]]);
    assert_eq!(whats(&txns), ["G1c"]);
}

#[test]
fn a_lost_update_is_g_single() {
    // Both read the empty list and append; the second append follows one that its reader did not see.
    let txns = together(vec![vec![r("x", &[]), a("x", 1)], vec![r("x", &[]), a("x", 2)], vec![r("x", &[1, 2])]]);
    assert_eq!(whats(&txns), ["G-single"]);
}

#[test]
fn write_skew_is_g2() {
    let txns = together(vec![
        vec![r("x", &[]), a("y", 1)],
        vec![r("y", &[]), a("x", 1)],
        vec![r("x", &[1])],
        vec![r("y", &[1])],
    ]);
    assert_eq!(whats(&txns), ["G2"]);
}

#[test]
fn a_stale_read_is_only_seen_in_real_time() {
    let txns = [txn(0, 0, 1, vec![a("x", 1)]), txn(1, 2, 3, vec![r("x", &[])]), txn(2, 4, 5, vec![r("x", &[1])])];
    assert_eq!(whats(&txns), ["G-single-realtime"]);
}

#[test]
fn an_acknowledged_append_that_is_gone_is_lost() {
    let txns = [txn(0, 0, 1, vec![a("x", 1)]), txn(1, 2, 3, vec![r("x", &[])])];
    assert_eq!(whats(&txns), ["lost"]);
}

#[test]
fn repeated_invented_and_reordered_elements_are_seen() {
    assert_eq!(whats(&together(vec![vec![a("x", 1)], vec![r("x", &[1, 1])]])), ["duplicate"]);
    assert_eq!(whats(&together(vec![vec![r("x", &[7])]])), ["phantom"]);
    let reordered = together(vec![vec![a("x", 1)], vec![a("x", 2)], vec![r("x", &[1, 2])], vec![r("x", &[2])]]);
    assert!(whats(&reordered).contains(&"incompatible-order".to_owned()));
}

#[test]
fn a_transaction_must_see_its_own_appends() {
    let txns = together(vec![vec![a("x", 1), r("x", &[])], vec![r("x", &[1])]]);
    assert!(whats(&txns).contains(&"internal".to_owned()));
}

#[test]
fn a_doubtful_append_may_show_or_not() {
    let doubt = Txn { op: 0, status: Status::Doubtful, micros: vec![a("x", 1)], invoke_ns: 0, return_ns: None };
    assert_eq!(whats(&[doubt.clone(), txn(1, 10, 11, vec![r("x", &[])])]), [""; 0]);
    let late = [doubt, txn(1, 10, 11, vec![r("x", &[])]), txn(2, 20, 21, vec![r("x", &[1])])];
    assert_eq!(whats(&late), [""; 0]);
}

/// For each transaction: reads (or appends) on which list, how long before and after its effect.
type Plan = Vec<(Vec<(bool, u8)>, u64, u64)>;

/// A serial execution whose transactions overlap in time: each takes effect at its own instant.
fn executed(plan: &Plan) -> Vec<Txn> {
    let mut lists = vec![Vec::new(); 3];
    let mut next = 1;
    let mut txns: Vec<Txn> = Vec::new();
    for (at, (steps, before, after)) in plan.iter().enumerate() {
        let now = 100 * (at as u64 + 1);
        let micros = steps.iter().map(|(read, which)| {
            let which = usize::from(*which) % lists.len();
            let key = format!("k{which}");
            if *read {
                return Micro::Read(key, Some(lists[which].clone()));
            }
            next += 1;
            lists[which].push(next);
            Micro::Append(key, next)
        });
        let micros = micros.collect();
        txns.push(txn(at as u64, now - before % 100, now + after % 500, micros));
    }
    let end = 100 * (plan.len() as u64 + 10);
    let last = lists.iter().enumerate().map(|(which, list)| Micro::Read(format!("k{which}"), Some(list.clone())));
    txns.push(txn(plan.len() as u64, end, end + 1, last.collect()));
    txns
}

fn plan() -> impl Strategy<Value = Plan> {
    let steps = prop::collection::vec((any::<bool>(), any::<u8>()), 1..5);
    prop::collection::vec((steps, any::<u64>(), any::<u64>()), 1..80)
}

proptest! {
    #[test]
    fn what_was_executed_is_serializable(plan in plan()) {
        prop_assert_eq!(whats(&executed(&plan)), [""; 0]);
    }

    #[test]
    fn one_read_cut_short_is_not(plan in plan()) {
        let mut txns = executed(&plan);
        let Some(last) = txns.last_mut() else { return Ok(()) };
        let cut = last.micros.iter_mut().find_map(|micro| match micro {
            Micro::Read(_, Some(list)) if !list.is_empty() => list.pop(),
            Micro::Read(..) | Micro::Append(..) => None,
        });
        prop_assume!(cut.is_some());
        prop_assert!(!whats(&txns).is_empty());
    }

    #[test]
    fn two_elements_swapped_in_one_read_are_not(plan in plan()) {
        let mut txns = executed(&plan);
        // One after the other, or the swapped order might be as good.
        for (at, txn) in txns.iter_mut().enumerate() {
            (txn.invoke_ns, txn.return_ns) = (10 * at as u64, Some(10 * at as u64 + 1));
        }
        let writer = |txns: &[Txn], value: u64| txns.iter().position(|txn| txn.appends().any(|(_, other)| other == value));
        let before = txns.clone();
        let Some(last) = txns.last_mut() else { return Ok(()) };
        let swapped = last.micros.iter_mut().any(|micro| match micro {
            Micro::Read(_, Some(list)) if list.len() > 1 && writer(&before, list[0]) != writer(&before, list[1]) => {
                list.swap(0, 1);
                true
            }
            Micro::Read(..) | Micro::Append(..) => false,
        });
        prop_assume!(swapped);
        prop_assert!(!whats(&txns).is_empty());
    }
}
