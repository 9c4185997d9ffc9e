//! A `weft agent` and its REST API.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Api, Reply};
use super::process::Process;
use super::{Scratch, free_port, until_ok};

const START: Duration = Duration::from_secs(20);

/// What is there after the agent has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Keeps {
    /// `weft agent --dev`.
    Nothing,
    /// A server with its data in the test's folder.
    Everything,
}

/// One server agent on ports of its own.
pub(crate) struct Agent {
    process: Process,
    arguments: Vec<String>,
    dir: PathBuf,
    pub(crate) http_port: u16,
    api: Api,
}

impl Agent {
    /// An agent for tests that need no proxies.
    pub(crate) async fn dev(scratch: &Scratch) -> Self {
        Self::start(scratch, Keeps::Nothing, "allow").await
    }

    /// Such an agent with more arguments.
    pub(crate) async fn dev_with(scratch: &Scratch, more: &[&str]) -> Self {
        Self::launch(scratch, Keeps::Nothing, "allow", more).await
    }

    /// Starts an agent and waits until it leads.
    pub(crate) async fn start(scratch: &Scratch, keeps: Keeps, default_policy: &str) -> Self {
        Self::launch(scratch, keeps, default_policy, &[]).await
    }

    async fn launch(scratch: &Scratch, keeps: Keeps, default_policy: &str, more: &[&str]) -> Self {
        let data = scratch.path().join("data");
        let mode: &[&str] = match keeps {
            Keeps::Nothing => &["--dev"],
            Keeps::Everything => &["--server", "--bootstrap-expect", "1", "--data-dir", data.to_str().unwrap()],
        };
        let [http_port, grpc_port, dns_port, server_port] = std::array::from_fn(|_| free_port());
        let ports = [
            ("--http-port", http_port),
            ("--grpc-port", grpc_port),
            ("--dns-port", dns_port),
            ("--server-port", server_port),
        ];
        let mut arguments = vec!["agent".to_owned()];
        arguments.extend(mode.iter().map(|&argument| argument.to_owned()));
        for (name, value) in [
            ("--node", "n1"),
            ("--bind", "127.0.0.1"),
            ("--client", "127.0.0.1"),
            ("--default-intention-policy", default_policy),
        ] {
            arguments.extend([name.to_owned(), value.to_owned()]);
        }
        for (name, port) in ports {
            arguments.extend([name.to_owned(), port.to_string()]);
        }
        arguments.extend(more.iter().map(|&argument| argument.to_owned()));
        let process = spawn(&arguments, scratch.path());
        let dir = scratch.path().to_owned();
        let mut agent = Self { process, arguments, dir, http_port, api: Api::of(http_port) };
        agent.wait_ready().await;
        agent
    }

    async fn wait_ready(&mut self) {
        let Self { process, api, .. } = self;
        until_ok("the agent has a leader", START, async || {
            if let Some(status) = process.ended() {
                panic!("the agent ended: {status}");
            }
            let reply = api.send("GET", "/v1/status/leader", "").await?;
            if reply.status == 200 && reply.body.len() > 2 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn terminate(&mut self) -> ExitStatus {
        self.process.signal("TERM");
        let process = &mut self.process;
        until_ok("the agent ends", START, async || process.ended().ok_or_else(|| "it runs".to_owned())).await.0
    }

    /// The same agent again, on the same ports and data.
    pub(crate) async fn restart(&mut self) {
        self.process = spawn(&self.arguments, &self.dir);
        self.wait_ready().await;
    }

    /// Where the command line finds this agent.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.http_port)
    }

    /// Any request, with what became of it.
    pub(crate) async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: impl Into<bytes::Bytes>,
    ) -> Result<Reply, String> {
        self.api.send(method, path, body).await
    }

    /// Any request, any answer.
    pub(crate) async fn send(&self, method: &str, path: &str, body: impl Into<bytes::Bytes>) -> Reply {
        self.api.send(method, path, body).await.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// A GET that must be answered with 200.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let reply = self.send("GET", path, "").await;
        assert_eq!(reply.status, 200, "GET {path}: {}", reply.text());
        reply.json()
    }

    /// A PUT that must be answered with 200.
    pub(crate) async fn put(&self, path: &str, body: &Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.send("PUT", path, text).await;
        assert_eq!(reply.status, 200, "PUT {path} {body}: {}", reply.text());
    }

    /// A DELETE that must be answered with 200.
    pub(crate) async fn delete(&self, path: &str) {
        let reply = self.send("DELETE", path, "").await;
        assert_eq!(reply.status, 200, "DELETE {path}: {}", reply.text());
    }

    pub(crate) async fn register(&self, service: &Value) {
        self.put("/v1/agent/service/register", service).await;
    }

    pub(crate) async fn deregister(&self, id: &str) {
        self.put(&format!("/v1/agent/service/deregister/{id}"), &Value::Null).await;
    }

    /// Writes the intention for this pair.
    pub(crate) async fn intend(&self, source: &str, destination: &str, action: &str) {
        self.put(&exact(source, destination), &json!({ "Action": action })).await;
    }

    /// Writes an intention that decides by request.
    pub(crate) async fn permit(&self, source: &str, destination: &str, permissions: &Value) {
        self.put(&exact(source, destination), &json!({ "Permissions": permissions })).await;
    }

    pub(crate) async fn forget_intention(&self, source: &str, destination: &str) {
        self.delete(&exact(source, destination)).await;
    }

    pub(crate) async fn write_config(&self, entry: &Value) {
        self.put("/v1/config", entry).await;
    }

    /// What the API says about this pair.
    pub(crate) async fn check(&self, source: &str, destination: &str) -> bool {
        let path = format!("/v1/connect/intentions/check?source={source}&destination={destination}");
        self.get(&path).await["Allowed"].as_bool().unwrap()
    }

    pub(crate) async fn trust_domain(&self) -> String {
        self.get("/v1/connect/ca/roots").await["TrustDomain"].as_str().unwrap().to_owned()
    }
}

fn spawn(arguments: &[String], dir: &std::path::Path) -> Process {
    Process::start("agent", Command::new(env!("CARGO_BIN_EXE_weft")).args(arguments), dir)
}

fn exact(source: &str, destination: &str) -> String {
    format!("/v1/connect/intentions/exact?source={source}&destination={destination}")
}
