//! Commands against an agent that plays a script, and against a real one: what is asked, what is
//! printed, how it ends.
//!
//! Every file in `cases` and `live` is a script; [`script`] says how to read it. `UPDATE_GOLDEN=1`
//! rewrites the requests, the output and the exit codes; the diff says whether that is right.
#![allow(clippy::unwrap_used)]

mod agent;
mod agent_flags;
mod certificates;
mod debug;
mod https;
mod live;
mod locks;
mod reload;
mod script;
mod snapshots;
mod watch;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use agent::Agent;
use live::Live;
use script::{Script, Step};

#[test]
fn commands_ask_and_print_as_their_scripts_say() {
    check_all("cases", |step, home| {
        let agent = Agent::start(step.exchanges.iter().map(|exchange| exchange.answer.clone()).collect());
        let address = agent.address();
        let output = run(step, home, &address);
        step.exchanges = agent.finish();
        note(step, &output, &address);
    });
}

#[test]
fn commands_agree_with_a_real_agent() {
    let agent = Live::start();
    check_all("live", |step, home| {
        let output = run(step, home, &agent.address);
        note(step, &output, &agent.address);
    });
}

/// Plays every script of a folder.
fn check_all(folder: &str, play: impl Fn(&mut Step, &Path)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let failures: Vec<_> = files.iter().filter_map(|file| check(file, &play)).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Plays a script; what differs, if anything does.
fn check(file: &Path, play: impl Fn(&mut Step, &Path)) -> Option<String> {
    let written = fs::read_to_string(file).unwrap();
    let mut script = Script::parse(&written);
    let home = tempfile::tempdir().unwrap();
    for (name, text) in &script.files {
        fs::write(home.path().join(name), text).unwrap();
    }
    for step in &mut script.steps {
        play(step, home.path());
    }
    let played = script.to_string();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(file, &played).unwrap();
        return None;
    }
    (written != played).then(|| format!("{}: {}", file.display(), difference(&written, &played)))
}

fn difference(written: &str, played: &str) -> String {
    let mut lines = written.lines().zip(played.lines()).enumerate();
    lines.find(|(_, (written, played))| written != played).map_or_else(
        || "one of them ends earlier".to_owned(),
        |(line, (written, played))| format!("line {}\n  written: {written}\n  played:  {played}", line + 1),
    )
}

fn run(step: &Step, home: &Path, address: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.env_clear().env("WEFT_HTTP_ADDR", address).envs(step.env.iter().cloned());
    command.args(&step.args).current_dir(home).stdout(Stdio::piped()).stderr(Stdio::piped());
    match home.join("stdin") {
        input if input.exists() => command.stdin(fs::File::open(input).unwrap()),
        _ => command.stdin(Stdio::null()),
    };
    command.output().unwrap()
}

fn note(step: &mut Step, output: &Output, address: &str) {
    let plain = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(address, "AGENT");
    step.stdout = plain(&output.stdout);
    step.stderr = plain(&output.stderr);
    step.code = output.status.code().unwrap_or(-1);
}
