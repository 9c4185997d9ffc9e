//! The rows: `S1` to `S9` are the set of every change; the others prove the harness itself.

use super::Scenario;

/// How a row is built.
pub(super) type Build = fn() -> Scenario;

/// Name, whether it belongs to the set of every change, and the row.
pub static SCENARIOS: &[(&str, bool, Build)] = &[
    ("S1", true, s1),
    ("S2", true, s2),
    ("S3", true, s3),
    ("S4", true, s4),
    ("S5", true, s5),
    ("S7", true, s7),
    ("S8", true, s8),
    ("S9", true, s9),
    ("clock", false, clock),
    ("wake", false, wake),
    ("reconnect", false, reconnect),
    ("rot", false, rot),
    ("operator", false, operator),
    ("rolling", false, rolling),
    ("stalled", false, stalled),
    ("control-power", false, control_power),
    ("control-partition", false, control_partition),
];

/// The row of that name.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    SCENARIOS.iter().find(|(known, ..)| *known == name).map(|(_, _, build)| build())
}

fn s1() -> Scenario {
    let what = "registers and transactions while servers are killed and cut off";
    Scenario::new("S1", what, &["register", "append"], &["kill", "partition"], 45).both(&["F1", "F3"])
}

fn s2() -> Scenario {
    let what = "registers, transactions and sets while the power fails";
    let scenario = Scenario::new("S2", what, &["register", "append", "set"], &["power", "power-all"], 30);
    scenario.hold(1000, 2500).on_disks()
}

fn s3() -> Scenario {
    let what =
        "watches and the catalog while servers are killed, cut off, left behind and asked by readers that do not read";
    let faults = ["kill", "partition", "snapshot", "transfer", "stall"];
    Scenario::new("S3", what, &["watch", "catalog"], &faults, 45).both(&["F1"])
}

fn s4() -> Scenario {
    let what = "locks and read modes while servers sleep, clocks lie and leaders are cut off";
    let faults = ["pause", "clock-jump", "clock-strobe", "partition"];
    Scenario::new("S4", what, &["lock", "modes"], &faults, 36).both(&["F3"])
}

fn s5() -> Scenario {
    let what = "transactions while servers join, leave and die";
    Scenario::new("S5", what, &["append"], &["replace", "wipe", "kill"], 45).hold(800, 2000)
}

fn s7() -> Scenario {
    let what = "registers on a bad network and slow disks";
    Scenario::new("S7", what, &["register"], &["noise", "one-way", "reset", "slow-disk"], 34)
}

fn s8() -> Scenario {
    let what = "registers and sets on full disks and failing syncs";
    let faults = ["full-disk", "sync-error", "sync-hang"];
    Scenario::new("S8", what, &["register", "set"], &faults, 32).hold(1000, 3000).on_disks()
}

fn s9() -> Scenario {
    let what = "registers and sets while a minority's files rot";
    Scenario::new("S9", what, &["register", "set"], &["rot", "rot-wal", "torn"], 26).hold(500, 1500)
}

fn clock() -> Scenario {
    let what = "registers while clocks jump and the leader is cut off";
    let mut scenario =
        Scenario::new("clock", what, &["register"], &["clock-jump", "clock-strobe", "partition"], 40).hold(3000, 6000);
    scenario.tracks = 2;
    scenario
}

fn wake() -> Scenario {
    // Times are judged only where no fault is aimed: there has to be a while between two of them.
    let what = "watches while leaders change, with calm enough in between to see who sleeps";
    let mut scenario = Scenario::new("wake", what, &["watch"], &["transfer", "kill"], 45).hold(500, 1500);
    scenario.rest_ms = 8000;
    scenario
}

fn reconnect() -> Scenario {
    let what = "registers while connections between servers are lost as soon as they are there";
    Scenario::new("reconnect", what, &["register"], &["flap"], 30).hold(4000, 6000)
}

fn rot() -> Scenario {
    let what = "sets while one server has missed what another one's disk has lost";
    Scenario::new("rot", what, &["set"], &["rot-behind"], 26).hold(1000, 2000)
}

fn operator() -> Scenario {
    let what = "snapshots are saved and put back under load";
    Scenario::new("operator", what, &["operator"], &["kill"], 30)
}

fn rolling() -> Scenario {
    let what = "everything while all servers are restarted in order";
    let all = ["register", "append", "watch", "catalog", "modes"];
    Scenario::new("rolling", what, &all, &["rolling"], 45)
}

fn stalled() -> Scenario {
    let what = "watches and registers beside readers that do not read";
    Scenario::new("stalled", what, &["watch", "register"], &["stall", "kill"], 40)
}

fn control_power() -> Scenario {
    let what = "sets while the power of all fails: for systems that are known to be right, or wrong";
    Scenario::new("control-power", what, &["set"], &["power-all"], 20).hold(2500, 3500).on_disks()
}

fn control_partition() -> Scenario {
    let what = "registers while the leader is cut off: for systems that are known to be right, or wrong";
    Scenario::new("control-partition", what, &["register"], &["partition"], 30).hold(3000, 5000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{nemesis, workload};

    #[test]
    fn every_row_names_faults_and_workloads_that_exist() {
        for (name, _, build) in SCENARIOS {
            let scenario = build();
            assert_eq!(*name, scenario.name);
            assert!(scenario.faults.iter().all(|fault| nemesis::named(fault).is_some()), "{name}");
            let known = |workload: &String| workload::named(workload, "weft").is_some() || workload == "operator";
            assert!(scenario.workloads.iter().all(known), "{name}");
        }
    }
}
