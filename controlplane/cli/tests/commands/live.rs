//! A real agent that keeps nothing, on ports of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// An agent, until this is dropped.
pub(crate) struct Live {
    process: Child,
    pub(crate) address: String,
    /// Where it speaks TLS, if it does.
    pub(crate) https_port: Option<u16>,
}

impl Live {
    /// Starts it; what it says at its start tells its port.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts it with more arguments.
    pub(crate) fn start_with(more: &[&str]) -> Self {
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
        command.args(more);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut lines = lines.skip_while(|line| !line.contains("(HTTP: "));
        let line = lines.next().expect("the agent says where it is");
        let address = format!("127.0.0.1:{}", port(&line, "(HTTP: ").unwrap());
        Self { process, address, https_port: port(&line, " HTTPS: ") }
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

/// `None` where it is off.
fn port(line: &str, name: &str) -> Option<u16> {
    let (_, behind) = line.split_once(name)?;
    behind.split(',').next()?.parse().ok()
}

impl Drop for Live {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
