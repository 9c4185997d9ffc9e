//! `weft lock` beside others that want the same lock.
#![allow(clippy::disallowed_methods)] // these tests have no runtime that a sleep could hold up

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::live::Live;

fn weft(agent: &Live, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.env("WEFT_HTTP_ADDR", &agent.address).args(args).stdin(Stdio::null());
    command
}

fn run(agent: &Live, args: &[&str]) -> Output {
    weft(agent, args).output().unwrap()
}

fn start(agent: &Live, args: &[&str]) -> Child {
    weft(agent, args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The session that holds a key, once one does.
fn holder(agent: &Live, key: &str) -> String {
    until(&format!("somebody holds {key}"), || {
        let shown = text(&run(agent, &["kv", "get", "-detailed", key]).stdout);
        let session = shown.lines().find_map(|line| line.strip_prefix("Session")).map(str::trim);
        session.filter(|session| *session != "-").map(str::to_owned)
    })
}

/// Asks until there is something.
fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if let Some(seen) = look() {
            return seen;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("not so: {what}");
}

#[test]
fn a_lock_has_one_holder_and_the_next_one_follows() {
    let agent = Live::start();
    let scratch = tempfile::tempdir().unwrap();
    let go = scratch.path().join("go");
    let held = format!("while [ ! -e {} ]; do sleep 0.05; done; echo first", go.display());
    let first = start(&agent, &["lock", "one", &held]);
    holder(&agent, "one/.lock");
    let impatient = run(&agent, &["lock", "-timeout=300ms", "one", "echo impatient"]);
    assert_eq!((impatient.status.code(), text(&impatient.stdout)), (Some(1), String::new()));
    std::fs::write(go, "").unwrap();
    let second = run(&agent, &["lock", "one", "echo second"]);
    assert_eq!((second.status.code(), text(&second.stdout).as_str()), (Some(0), "second\n"));
    assert_eq!(text(&first.wait_with_output().unwrap().stdout), "first\n");
}

#[test]
fn what_runs_under_a_lost_lock_is_ended_with_all_it_has_started() {
    let agent = Live::start();
    let scratch = tempfile::tempdir().unwrap();
    let started = scratch.path().join("started");
    let child = format!("sleep 600 & echo $! > {0}.new; mv {0}.new {0}; wait", started.display());
    let locked = start(&agent, &["lock", "lost", &child]);
    let session = holder(&agent, "lost/.lock");
    let pid = until("the command has started something", || std::fs::read_to_string(&started).ok());
    assert!(run(&agent, &["session", "destroy", &session]).status.success());
    let ended = locked.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), text(&ended.stderr).as_str()), (Some(1), "Lock lost, killing child\n"));
    let stat = format!("/proc/{}/stat", pid.trim());
    let ended = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    until("what the command had started ends too", || ended().then_some(()));
}

#[test]
fn a_semaphore_has_as_many_holders_as_it_may() {
    let agent = Live::start();
    let folder = tempfile::tempdir().unwrap();
    // Each waits for a second one, then a while for a third, and tells the most that it has seen.
    let child = format!(
        "touch {0}/$$; for i in $(seq 200); do n=$(ls {0} | wc -l); [ $n -gt 1 ] && break; sleep 0.1; done; \
         sleep 0.5; m=$(ls {0} | wc -l); rm {0}/$$; [ $m -gt $n ] && n=$m; echo $n",
        folder.path().display()
    );
    let running: Vec<_> = (0..4).map(|_| start(&agent, &["lock", "-n", "2", "some", &child])).collect();
    let counts: Vec<u32> = running
        .into_iter()
        .map(|child| text(&child.wait_with_output().unwrap().stdout).trim().parse().unwrap())
        .collect();
    assert!(counts.iter().all(|count| *count <= 2) && counts.contains(&2), "{counts:?}");
}
