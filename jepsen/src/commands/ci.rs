//! `ci`: the set of every change.

use std::time::Instant;

use anyhow::Result;
use clap::Args;

use super::probe::Probe;
use super::run::Where;
use super::spaces;
use crate::runner::Backend;
use crate::scenario::SCENARIOS;

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
        // What the host cannot do fails the set: nothing is skipped in silence.
        let missing = Probe::new(self.place.backend()).act()?;
        if missing != 0 {
            return Ok(missing);
        }
        let mut verdicts = Vec::new();
        for (name, every, _) in SCENARIOS {
            let wanted = if self.only.is_empty() { *every } else { self.only.iter().any(|only| only == name) };
            if wanted {
                let mut args = vec!["run".to_owned(), (*name).to_owned(), "--seed".to_owned(), self.seed.to_string()];
                args.extend(self.place.args());
                verdicts.push((*name, spaces::again(&args, self.place.backend() == Backend::Root)?));
            }
        }
        eprintln!("\n{:.0} s in all", begin.elapsed().as_secs_f64());
        for (name, code) in &verdicts {
            eprintln!("  {name:<18} {}", word(*code));
        }
        Ok(worst(verdicts.iter().map(|(_, code)| *code)))
    }
}

/// What an exit code means.
pub(super) fn word(code: u8) -> &'static str {
    ["true", "FALSE", "unknown"].get(usize::from(code)).copied().unwrap_or("the harness failed")
}

/// False weighs more than a failure of the harness, and that more than doubt. Nothing at all is doubt.
pub(super) fn worst(codes: impl Iterator<Item = u8>) -> u8 {
    let weight = |code: &u8| match code {
        0 => 0,
        2 => 1,
        1 => 3,
        _ => 2,
    };
    codes.max_by_key(weight).unwrap_or(2)
}

#[cfg(test)]
mod tests {
    use super::worst;

    #[test]
    fn one_false_makes_all_false_and_nothing_is_doubt() {
        assert_eq!(worst([0, 2, 1, 3].into_iter()), 1);
        assert_eq!(worst([0, 2].into_iter()), 2);
        assert_eq!(worst([0, 0].into_iter()), 0);
        assert_eq!(worst([].into_iter()), 2);
    }
}
