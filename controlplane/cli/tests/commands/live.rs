//! A real agent that keeps nothing, on ports of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// An agent, until this is dropped.
pub(crate) struct Live {
    process: Child,
    pub(crate) address: String,
}

impl Live {
    /// Starts it; what it says at its start tells its port.
    pub(crate) fn start() -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
        command.args([
            "agent",
            "--dev",
            "--node",
            "n1",
            "--http-port",
            "0",
            "--grpc-port",
            "0",
            "--dns-port",
            "0",
            "--server-port",
            "0",
        ]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = lines.filter_map(|line| port(&line)).next().expect("the agent says where it is");
        Self { process, address: format!("127.0.0.1:{port}") }
    }
}

fn port(line: &str) -> Option<u16> {
    let (_, behind) = line.split_once("(HTTP: ")?;
    behind.split(',').next()?.parse().ok()
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
