//! `list`: what there is.

use anyhow::Result;

use crate::nemesis::FAULTS;
use crate::proof::MUTANTS;
use crate::scenario::{FAULT_COLUMNS, MATRIX, SCENARIOS, Tier, WORKLOAD_ROWS};

pub(super) fn act() -> Result<u8> {
    println!("scenarios (* runs with every change)");
    for (name, every, build) in SCENARIOS {
        let scenario = build();
        let mark = if *every { '*' } else { ' ' };
        println!("  {name:<18}{mark} {:>3} s  {}", scenario.seconds, scenario.what);
        println!("  {:<18}         {} / {}", "", scenario.workloads.join(", "), scenario.faults.join(", "));
    }
    println!("\nfaults");
    for row in FAULTS {
        println!("  {:<4} {}", row.number, row.name);
    }
    println!("\nmutants, where they are tried, and who must object (* with every change)");
    for proof in MUTANTS {
        let mark = if proof.every_change { '*' } else { ' ' };
        println!("  {:<4}{mark} {:<9} {:<4} {}", proof.mutant, proof.scenario, proof.judge, proof.mistake);
    }
    println!("\nmatrix (x every change, o every night, . soak)");
    println!("  {:<9} {}", "", FAULT_COLUMNS.map(|(name, _)| name.split(' ').next().unwrap_or(name)).join("  "));
    for (workload, row) in WORKLOAD_ROWS.iter().zip(MATRIX) {
        let shown = row.iter().zip(FAULT_COLUMNS).map(|(tier, (name, _))| {
            let letter = match tier {
                Tier::Change => "x",
                Tier::Night => "o",
                Tier::Soak => ".",
            };
            format!("{letter:<width$}", width = name.split(' ').next().unwrap_or(name).len())
        });
        println!("  {workload:<9} {}", shown.collect::<Vec<_>>().join("  "));
    }
    Ok(0)
}
