//! All faults, by name.

use std::time::Duration;

use super::clock::Bend;
use super::disk::BadDisk;
use super::kill::Kill;
use super::leader::Force;
use super::member::Member;
use super::noise::Noise;
use super::partition::Partition;
use super::pause::Pause;
use super::power::Power;
use super::rolling::Rolling;
use super::rot::Rot;
use super::scene::Need;
use super::stage::Fault;
use super::stall::Stall;
use crate::net::Skill;

/// How long a server may take to start before the harness goes on without it.
pub(super) const START: Duration = Duration::from_secs(20);

/// A fault, where it stands in the reference, and what it needs.
pub struct Row {
    pub name: &'static str,
    /// `F1` to `F18`.
    pub number: &'static str,
    pub fault: &'static dyn Fault,
    pub needs: &'static [Need],
}

const fn row(name: &'static str, number: &'static str, fault: &'static dyn Fault, needs: &'static [Need]) -> Row {
    Row { name, number, fault, needs }
}

const WEFT: &[Need] = &[Need::Weft];
const SHIM: &[Need] = &[Need::Shim];

/// The table.
pub static FAULTS: &[Row] = &[
    row("kill", "F1", &Kill::One, &[]),
    row("kill-majority", "F1", &Kill::Majority, &[]),
    row("kill-all", "F1", &Kill::All, &[]),
    row("pause", "F2", &Pause, &[]),
    row("partition", "F3", &Partition::Halves, &[]),
    row("ring", "F3", &Partition::Ring, &[]),
    row("bridge", "F3", &Partition::Bridge, &[]),
    row("one-way", "F4", &Partition::OneWay, &[]),
    row("reset", "F4", &Partition::Reset, &[]),
    row("flap", "F4", &Partition::Flap, &[]),
    row("client-cut", "F4", &Partition::Clients, &[Need::Net(Skill::ClientLinks)]),
    row("noise", "F5", &Noise, &[]),
    row("clock-jump", "F6", &Bend::Jump, SHIM),
    row("clock-skew", "F6", &Bend::Skew, SHIM),
    row("clock-strobe", "F6", &Bend::Strobe, SHIM),
    row("clock-drift", "F6", &Bend::Drift, SHIM),
    row("power", "F7", &Power::Some, &[Need::Power]),
    row("power-all", "F7", &Power::All, &[Need::Power]),
    row("sync-error", "F8", &BadDisk::SyncError, SHIM),
    row("sync-hang", "F8", &BadDisk::SyncHang, SHIM),
    row("slow-disk", "F9", &BadDisk::Slow, SHIM),
    row("full-disk", "F10", &BadDisk::Full, SHIM),
    row("rot", "F11", &Rot::Damaged, WEFT),
    row("rot-wal", "F11", &Rot::Wal, WEFT),
    row("rot-behind", "F11", &Rot::Behind, WEFT),
    row("torn", "F12", &Rot::Torn, WEFT),
    row("replace", "F13", &Member::Replace, WEFT),
    row("wipe", "F13", &Member::Wipe, WEFT),
    row("transfer", "F14", &Force::Transfer, WEFT),
    row("snapshot", "F14", &Force::Snapshot, WEFT),
    row("rolling", "F15", &Rolling, &[]),
    row("stall", "F17", &Stall, WEFT),
];

/// The fault of that name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Row> {
    FAULTS.iter().find(|row| row.name == name)
}
