//! Agents in this process, and an HTTP client of a few lines to talk to them.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

pub mod ads;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use weft_server::Agent;
use weft_server::config::{self, Config, Flags};

/// An agent on free ports that keeps nothing.
pub fn dev() -> Config {
    config::load(&Flags { node: Some("n1".into()), ..Flags::ephemeral() }).unwrap()
}

/// An agent on free ports that keeps its state.
pub fn kept(data_dir: &Path) -> Config {
    config::load(&kept_flags(data_dir)).unwrap()
}

pub fn kept_flags(data_dir: &Path) -> Flags {
    Flags {
        dev: false,
        server: true,
        bootstrap_expect: Some(1),
        data_dir: Some(data_dir.to_owned()),
        node: Some("n1".into()),
        bind: Some("127.0.0.1".into()),
        ..Flags::ephemeral()
    }
}

/// A client of one agent.
#[derive(Clone, Copy)]
pub struct Client(pub SocketAddr);

/// Status, headers in lower case, body.
pub struct Answer {
    pub status: u16,
    pub headers: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {} {}", self.status, self.body))
    }

    /// A header's number.
    pub fn index(&self) -> u64 {
        let line = self.headers.lines().find_map(|line| line.strip_prefix("x-consul-index: ")).unwrap();
        line.trim().parse().unwrap()
    }
}

impl Client {
    pub fn of(agent: &Agent) -> Self {
        Self(agent.addresses().http.unwrap())
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }

    /// Sends a body and wants a 200.
    pub async fn put(&self, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.call("PUT", path, &body).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer
    }

    pub async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        self.try_call(method, path, body).await.unwrap()
    }

    pub async fn try_call(&self, method: &str, path: &str, body: &str) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.0).await?;
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: agent\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        let headers = head.to_ascii_lowercase();
        let body = if headers.contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_owned() };
        Ok(Answer { status, headers, body })
    }

    /// The beginning of an answer: what comes at once.
    pub async fn begin(&self, method: &str, path: &str) -> Answer {
        let mut stream = TcpStream::connect(self.0).await.unwrap();
        let request = format!("{method} {path} HTTP/1.1\r\nhost: agent\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut bytes).await.unwrap(), 0, "{method} {path}: no answer");
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Answer { status, headers: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    /// The statuses of a service's checks, once they are as wanted.
    pub async fn until_status(&self, service: &str, wanted: &str) -> Value {
        let deadline = Instant::now() + Duration::from_secs(5);
        loop {
            let answer = self.get(&format!("/v1/health/checks/{service}")).await.json();
            let checks = answer.as_array().unwrap();
            if !checks.is_empty() && checks.iter().all(|check| check["Status"] == wanted) {
                return answer;
            }
            assert!(Instant::now() < deadline, "{answer:#}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size, 16) else { break };
        // What is no text was not kept as it came.
        let Some((chunk, behind)) = rest.split_at_checked(size) else { break };
        whole.push_str(chunk);
        body = behind.strip_prefix("\r\n").unwrap_or_default();
        if size == 0 {
            break;
        }
    }
    whole
}
