//! Every known mistake that a cluster in one process can show is found under some seed:
//! `cargo test -p weft-sim --features mutants --test mutants`.

#![cfg(feature = "mutants")]
#![allow(clippy::unwrap_used)]

use std::process::Command;

/// How many seeds are tried at most. Most mistakes show under the first few.
const SEEDS: &str = "0..200";

/// Simulates with the mistake built in until something is broken; what was.
fn broken_by(mutant: &str) -> String {
    let mut simulation = Command::new(env!("CARGO_BIN_EXE_weft-sim"));
    let output = simulation.args(["--stop", "--seeds", SEEDS]).env("WEFT_MUTANT", mutant).output().unwrap();
    assert!(!output.status.success(), "{mutant} breaks nothing under the seeds {SEEDS}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn found(mutant: &str, invariants: &[&str]) {
    let what = broken_by(mutant);
    let named = |invariant: &&str| what.contains(&format!("broken {invariant}: "));
    assert!(invariants.iter().any(named), "{mutant} breaks none of {invariants:?}:\n{what}");
}

#[test]
fn m1_an_append_that_is_not_synced() {
    found("M1", &["I1", "I2", "committed"]);
}

#[test]
fn m2_a_vote_that_is_not_synced() {
    found("M2", &["one leader", "committed", "I1", "I20"]);
}

#[test]
fn m3_a_write_that_is_acknowledged_too_early() {
    found("M3", &["I1", "I2", "I4", "I7"]);
}

#[test]
fn m4_a_read_without_a_quorum() {
    found("M4", &["I2"]);
}

#[test]
fn m6_a_cut_that_comes_after_the_append() {
    found("M6", &["I1", "committed"]);
}

#[test]
fn m7_a_raft_snapshot_that_is_not_synced() {
    found("M7", &["I12", "I1"]);
}

#[test]
fn m8_a_purge_before_the_raft_snapshot_is_safe() {
    found("M8", &["I1"]);
}

#[test]
fn m9_a_clock_in_apply() {
    found("M9", &["I12", "I17"]);
}

#[test]
fn m11_forgotten_request_ids() {
    found("M11", &["I12", "I7", "I17"]);
}

#[test]
fn m17_a_quorum_that_is_none() {
    found("M17", &["committed", "I1", "I2", "one leader"]);
}
