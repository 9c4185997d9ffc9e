//! `ci`: the set of every change.

use std::time::Instant;

use anyhow::Result;
use clap::Args;

use super::probe::Probe;
use super::run::Where;
use super::spaces;
use crate::nemesis;
use crate::runner::Backend;
use crate::scenario::{SCENARIOS, Scenario};

/// The exit code of a run of which some judge could say nothing.
const UNKNOWN: u8 = 2;

/// Run the set of every change
#[derive(Debug, Args)]
pub(super) struct Ci {
    /// Chooses everything that is drawn
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these scenarios
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    place: Where,
}

impl Ci {
    pub(super) fn act(&self) -> Result<u8> {
        let begin = Instant::now();
        let Some(backend) = self.backend()? else { return Ok(3) };
        let place = Where { backend: Some(backend), ..self.place.clone() };
        let mut verdicts = Vec::new();
        let mut left_out = Vec::new();
        for (name, every, build) in SCENARIOS {
            let wanted = if self.only.is_empty() { *every } else { self.only.iter().any(|only| only == name) };
            if !wanted {
                continue;
            }
            let lacking = lacking(&build(), backend);
            if !lacking.is_empty() {
                left_out.push(format!("{name} (no {})", lacking.join(", ")));
                continue;
            }
            let mut args = vec!["run".to_owned(), (*name).to_owned(), "--seed".to_owned(), self.seed.to_string()];
            args.extend(place.args());
            let since = Instant::now();
            let mut code = spaces::again(&args, backend == Backend::Root)?;
            if code == UNKNOWN {
                eprintln!("  {name} proved nothing, neither way: once more");
                code = spaces::again(&args, backend == Backend::Root)?;
            }
            verdicts.push((*name, code, since.elapsed().as_secs_f64()));
        }
        eprintln!("\n{:.0} s in all, backend `{}`, seed {}", begin.elapsed().as_secs_f64(), backend.name(), self.seed);
        for (name, code, seconds) in &verdicts {
            eprintln!("  {name:<18} {:<8} {seconds:>4.0} s", word(*code));
        }
        for what in &left_out {
            eprintln!("  NOT RUN: {what}");
        }
        Ok(worst(verdicts.iter().map(|(_, code, _)| *code)))
    }

    /// The backend that was asked for, which must then work; else the best that works here. `None`: none does.
    fn backend(&self) -> Result<Option<Backend>> {
        let works = |backend| Ok::<_, anyhow::Error>(Probe::new(backend).act()? == 0);
        if let Some(asked) = self.place.backend {
            return Ok(works(asked)?.then_some(asked));
        }
        if spaces::root() && works(Backend::Root)? {
            return Ok(Some(Backend::Root));
        }
        eprintln!("\n!!! This machine cannot do all that the backend `root` needs (see above, or: not root).");
        eprintln!("!!! Falling back to `plain`: what it cannot do is NOT RUN and named at the end.\n");
        Ok(works(Backend::Plain)?.then_some(Backend::Plain))
    }
}

/// The faults of a scenario that cannot be played there.
fn lacking(scenario: &Scenario, backend: Backend) -> Vec<&'static str> {
    let rows = scenario.faults.iter().filter_map(|name| nemesis::named(name));
    rows.filter(|row| !row.needs.iter().all(|need| backend.meets(*need))).map(|row| row.name).collect()
}

/// What an exit code means.
pub(super) fn word(code: u8) -> &'static str {
    ["true", "FALSE", "unknown"].get(usize::from(code)).copied().unwrap_or("the harness failed")
}

/// False weighs more than a failure of the harness, and that more than doubt. Nothing at all is doubt.
pub(super) fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    let weight = |code: &u8| match *code {
        0 => 0,
        UNKNOWN => 1,
        1 => 3,
        _ => 2,
    };
    codes.max_by_key(weight).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::{lacking, worst};
    use crate::runner::Backend;
    use crate::scenario::named;

    #[test]
    fn one_false_makes_all_false_and_nothing_is_doubt() {
        assert_eq!(worst([0, 2, 1, 3].into_iter()), 1);
        assert_eq!(worst([0, 2].into_iter()), 2);
        assert_eq!(worst([0, 0].into_iter()), 0);
        assert_eq!(worst([].into_iter()), 2);
    }

    #[test]
    fn only_power_cuts_need_root() {
        let lacks = |name, backend| named(name).map(|scenario| lacking(&scenario, backend));
        assert_eq!(lacks("S2", Backend::Plain), Some(vec!["power", "power-all"]));
        for name in ["S1", "S3", "S4", "S5", "S7", "S8", "S9"] {
            assert_eq!(lacks(name, Backend::Plain), Some(Vec::new()), "{name}");
        }
        assert_eq!(lacks("S2", Backend::Root), Some(Vec::new()));
    }
}
