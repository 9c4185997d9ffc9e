//! Commands against an agent that plays a script: what is asked, what is printed, how it ends.
//!
//! Every file in `cases` is a script; [`script`] says how to read it. `UPDATE_GOLDEN=1` rewrites the
//! requests, the output and the exit codes; the diff says whether that is right.
#![allow(clippy::unwrap_used)]

mod agent;
mod script;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agent::Agent;
use script::{Script, Step};

#[test]
fn commands_do_as_their_scripts_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/commands/cases");
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    let failures: Vec<_> = files.iter().filter_map(|file| check(file)).collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// Plays a script; what differs, if anything does.
fn check(file: &Path) -> Option<String> {
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
    }
    let wanted = written.lines().zip(played.lines()).enumerate();
    let differs = wanted.into_iter().find(|(_, (wanted, found))| wanted != found);
    if written == played || std::env::var_os("UPDATE_GOLDEN").is_some() {
        return None;
    }
    let place = differs.map_or_else(
        || "one of them ends earlier".to_owned(),
        |(line, (wanted, found))| format!("line {}\n  written: {wanted}\n  played:  {found}", line + 1),
    );
    Some(format!("{}: {place}", file.display()))
}

/// Runs the command and writes down what happened.
fn play(step: &mut Step, home: &Path) {
    let agent = Agent::start(step.exchanges.iter().map(|exchange| exchange.answer.clone()).collect());
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.env_clear().env("WEFT_HTTP_ADDR", agent.address()).envs(step.env.iter().cloned());
    command.args(&step.args).current_dir(home).stdout(Stdio::piped()).stderr(Stdio::piped());
    match home.join("stdin") {
        input if input.exists() => command.stdin(fs::File::open(input).unwrap()),
        _ => command.stdin(Stdio::null()),
    };
    let output = command.output().unwrap();
    let address = agent.address();
    let plain = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&address, "AGENT");
    step.exchanges = agent.finish();
    step.stdout = plain(&output.stdout);
    step.stderr = plain(&output.stderr);
    step.code = output.status.code().unwrap_or(-1);
}
