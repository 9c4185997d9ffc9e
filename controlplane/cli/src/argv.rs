//! Lets Go's way of writing flags through: `-flag`, `-flag=value` and `-switch=false` become the
//! `--flag` that clap reads. Short flags, negative numbers, a lone `-` and all after `--` stay.

use std::collections::BTreeSet;
use std::ffi::OsString;

use clap::{ArgAction, Command};

/// The arguments as clap reads them. `switches` are the long flags that take no value.
pub(crate) fn normalize(args: impl IntoIterator<Item = OsString>, switches: &BTreeSet<String>) -> Vec<OsString> {
    let mut normal = Vec::new();
    let mut ours = true;
    for arg in args {
        ours &= arg != "--";
        match arg.to_str().filter(|_| ours) {
            Some(text) => normal.extend(one(text, switches).map(OsString::from)),
            None => normal.push(arg),
        }
    }
    normal
}

/// `None` for a switch that is said to be off.
fn one(arg: &str, switches: &BTreeSet<String>) -> Option<String> {
    let Some(flag) = long_flag(arg) else { return Some(arg.to_owned()) };
    match flag.split_once('=') {
        Some((name, value)) if switches.contains(name) => match value {
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(format!("--{name}")),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => None,
            // clap says what is wrong with it.
            _ => Some(format!("--{flag}")),
        },
        _ => Some(format!("--{flag}")),
    }
}

/// The flag without its dashes, if `arg` is a long one however it is dashed.
fn long_flag(arg: &str) -> Option<&str> {
    let flag = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))?;
    let name = flag.split('=').next().unwrap_or(flag);
    let long = name.len() > 1 && name.starts_with(|c: char| c.is_ascii_alphabetic());
    long.then_some(flag)
}

/// The long flags of `command` and of all below it that take no value.
pub(crate) fn switches(command: &Command) -> BTreeSet<String> {
    let own = command.get_arguments().filter(|arg| matches!(arg.get_action(), ArgAction::SetTrue));
    let names = own.filter_map(|arg| arg.get_long()).map(str::to_owned);
    names.chain(command.get_subcommands().flat_map(switches)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &[&str], wanted: &[&str]) {
        let switches = BTreeSet::from(["stale".to_owned()]);
        let normal = normalize(args.iter().map(OsString::from), &switches);
        assert_eq!(normal, wanted.iter().map(OsString::from).collect::<Vec<_>>(), "{args:?}");
    }

    #[test]
    fn long_flags_take_one_dash_or_two() {
        check(
            &["weft", "-http-addr", "x", "-token=a=b", "--stale"],
            &["weft", "--http-addr", "x", "--token=a=b", "--stale"],
        );
        check(&["-help"], &["--help"]);
    }

    #[test]
    fn short_flags_numbers_and_stdin_stay() {
        check(&["-h", "-V", "-1", "-12", "-1.5", "-", "a-b"], &["-h", "-V", "-1", "-12", "-1.5", "-", "a-b"]);
    }

    #[test]
    fn switches_may_be_given_a_value() {
        check(&["-stale=true", "--stale=false", "-stale=x"], &["--stale", "--stale=x"]);
    }

    #[test]
    fn what_follows_two_dashes_is_not_ours() {
        check(&["-token", "x", "--", "-log-level", "debug"], &["--token", "x", "--", "-log-level", "debug"]);
    }
}
