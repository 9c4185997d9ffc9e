//! A server process that ends without a word has kept what it acknowledged.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::testing::{Server, kept};

const DIR: &str = "WEFT_RAFT_TEST_KILLED_DIR";

/// The child: writes and reports what was acknowledged, until it ends. Does nothing in an ordinary
/// run.
#[tokio::test(flavor = "multi_thread")]
async fn killed_child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let server = Server::start(kept(dir.as_ref())).await.unwrap();
    for round in 0u64.. {
        if round == 20 {
            server.raft.trigger_snapshot().await.unwrap();
        }
        server.write_all((0..10).map(|i| format!("node-{round}-{i}"))).await;
        println!("\nacknowledged {}", (round + 1) * 10);
    }
}

fn child(mut command: Command, dir: &Path) -> Child {
    command.args(["--exact", "raft::tests::kill::killed_child", "--nocapture"]).env(DIR, dir);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Reads the child's reports until it ends; kills it when it has reported enough.
fn acknowledged(child: &mut Child, enough: usize) -> usize {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut acknowledged = 0;
    for line in lines.map_while(Result::ok) {
        if let Some(count) = line.strip_prefix("acknowledged ") {
            acknowledged = count.parse().unwrap();
        }
        if acknowledged >= enough {
            child.kill().unwrap();
        }
    }
    acknowledged
}

async fn assert_kept(dir: &Path, acknowledged: usize) {
    let server = Server::start(kept(dir)).await.unwrap();
    let found = server.names().len();
    assert!(found >= acknowledged, "{acknowledged} acknowledged, {found} kept");
    server.raft.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = child(Command::new(std::env::current_exe().unwrap()), dir.path());
    let acknowledged = acknowledged(&mut child, 500);
    child.wait().unwrap();
    assert!(acknowledged >= 500);
    assert_kept(dir.path(), acknowledged).await;
}

/// A file that may not grow is a disk that is full.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_ends_the_process_and_loses_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let mut limited = Command::new("sh");
    // Ignored by the shell, the signal stays ignored: the write returns an error instead.
    limited.args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\""]).arg(std::env::current_exe().unwrap());
    let mut child = child(limited, dir.path());
    let acknowledged = acknowledged(&mut child, usize::MAX);
    let mut complaint = String::new();
    child.stderr.take().unwrap().read_to_string(&mut complaint).unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(acknowledged > 0);
    assert!(complaint.contains("weft: fatal: cannot write the raft log"), "{complaint}");
    assert_kept(dir.path(), acknowledged).await;
}
