//! One agent process: a server, or a client agent where it is set up as one.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::http::{Api, Reply};
use super::process::Process;
use super::until_ok;

/// How long a server may take to start or to end.
const START: Duration = Duration::from_secs(40);

/// How it is started.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) data_dir: PathBuf,
    /// Else it is a client agent.
    pub(crate) is_server: bool,
    /// 0: it only joins.
    pub(crate) expect: u32,
    pub(crate) retry_join: Vec<String>,
    pub(crate) more: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    /// What starts it, where that is not the shell.
    pub(crate) wrapper: Vec<String>,
}

/// A server, running or not.
pub(crate) struct Server {
    pub(crate) setup: Setup,
    logs: PathBuf,
    process: Process,
    api: Api,
}

impl Server {
    pub(crate) fn start(setup: Setup, logs: &Path) -> Self {
        let api = Api::at(&format!("{}:8500", setup.address));
        Self { process: spawn(&setup, logs), setup, logs: logs.to_owned(), api }
    }

    /// For a client of this server alone.
    pub(crate) fn api(&self) -> Api {
        self.api.clone()
    }

    /// Waits until this server says that all are well.
    pub(crate) async fn wait_healthy(&self, servers: usize) {
        until_ok("all servers are healthy", START, async || {
            let health = self.ask("/v1/operator/autopilot/health").await?;
            let count = health["Servers"].as_array().map_or(0, Vec::len);
            if health["Healthy"] == true && count == servers { Ok(()) } else { Err(health.to_string()) }
        })
        .await;
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again, as it is set up now.
    pub(crate) fn restart(&mut self) {
        self.api = Api::at(&format!("{}:8500", self.setup.address));
        self.process = spawn(&self.setup, &self.logs);
    }

    pub(crate) fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// Waits until it has ended: its exit code, and all that it has said.
    pub(crate) async fn ended(&mut self) -> (Option<i32>, String) {
        let process = &mut self.process;
        let (status, _) =
            until_ok("the server ends", START, async || process.ended().ok_or_else(|| process.log())).await;
        (status.code(), self.process.log())
    }

    /// All that it has said.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(&mut self) {
        self.signal("TERM");
        assert_eq!(self.ended().await.0, Some(0));
    }

    pub(crate) async fn try_send(&self, method: &str, path: &str, body: &str) -> Result<Reply, String> {
        self.api.send(method, path, body.to_owned()).await
    }

    /// What a GET answers now, if that is a 200.
    pub(crate) async fn ask(&self, path: &str) -> Result<Value, String> {
        let reply = self.try_send("GET", path, "").await?;
        if reply.status == 200 { Ok(reply.json()) } else { Err(reply.text()) }
    }

    /// What a GET answers, once it is answered with 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = async || self.ask(path).await;
        until_ok(path, START, answer).await.0
    }

    /// A write that has to succeed, sooner or later.
    pub(crate) async fn put(&self, path: &str, body: &str) -> Duration {
        let written = async || {
            let reply = self.try_send("PUT", path, body).await?;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        };
        until_ok(path, START, written).await.1
    }

    /// The server address of the leader, once it knows one.
    pub(crate) async fn leader(&self) -> String {
        let known = async || {
            let leader = self.ask("/v1/status/leader").await?.as_str().unwrap_or_default().to_owned();
            if leader.is_empty() { Err("no leader".to_owned()) } else { Ok(leader) }
        };
        until_ok("a leader", START, known).await.0
    }

    /// The names of the voters, once `fits` likes them.
    pub(crate) async fn voters(&self, what: &str, fits: impl Fn(&[String]) -> bool) -> Vec<String> {
        let fitting = async || {
            let voters = self.ask("/v1/operator/raft/configuration").await?;
            let voters = voters["Servers"].as_array().map(Vec::as_slice).unwrap_or_default();
            let voters = voters.iter().filter(|server| server["Voter"] == true);
            let mut names: Vec<_> = voters.map(|server| server["Node"].as_str().unwrap().to_owned()).collect();
            names.sort();
            if fits(&names) { Ok(names) } else { Err(format!("{names:?}")) }
        };
        until_ok(what, START, fitting).await.0
    }
}

fn spawn(setup: &Setup, logs: &Path) -> Process {
    let words = setup.wrapper.iter().map(String::as_str).chain([env!("CARGO_BIN_EXE_weft")]);
    let words: Vec<_> = words.collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).envs(setup.environment.iter().map(|(name, value)| (name, value)));
    command.args(["agent", "--node", &setup.name, "--bind", &setup.address, "--client", &setup.address]);
    if setup.is_server {
        command.arg("--server");
    }
    command.arg("--data-dir").arg(&setup.data_dir);
    if setup.expect > 0 {
        command.args(["--bootstrap-expect", &setup.expect.to_string()]);
    }
    for address in &setup.retry_join {
        command.args(["--retry-join", address]);
    }
    command.args(&setup.more);
    Process::start(&setup.name, &mut command, logs)
}
