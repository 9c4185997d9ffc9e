//! An agent that answers with what it is told, in order, and writes down what it was asked.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::script::Exchange;

pub(crate) struct Agent {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Exchange>>,
}

impl Agent {
    /// Starts an agent with these answers, each a status and a body. What is asked beyond them gets 599.
    pub(crate) fn start(answers: Vec<String>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let thread = std::thread::spawn(move || serve(&listener, answers, &seen));
        Self { address, ended, thread }
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Ends it; what it was asked, and what it would still have answered.
    pub(crate) fn finish(self) -> Vec<Exchange> {
        self.ended.store(true, Ordering::SeqCst);
        // It waits for a connection, and this is one.
        drop(TcpStream::connect(self.address));
        self.thread.join().unwrap()
    }
}

fn serve(listener: &TcpListener, answers: Vec<String>, ended: &AtomicBool) -> Vec<Exchange> {
    let mut answers = answers.into_iter();
    let mut exchanges = Vec::new();
    for stream in listener.incoming() {
        if ended.load(Ordering::SeqCst) {
            break;
        }
        let mut stream = stream.unwrap();
        let request = read(&stream);
        let answer = answers.next().unwrap_or_else(|| "599 nothing is written here".to_owned());
        let (status, body) = answer.split_once(' ').unwrap_or((&answer, ""));
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
        exchanges.push(Exchange { request, answer });
    }
    exchanges.extend(answers.map(|answer| Exchange { request: "(was not asked)".to_owned(), answer }));
    exchanges
}

/// A request in one line.
fn read(stream: &TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let header = |name: &str| {
        let found =
            head.iter().filter_map(|line| line.split_once(": ")).find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let target = head[0].trim_end_matches(" HTTP/1.1").to_owned();
    let token = header("x-consul-token").map(|token| format!(" (token {token})")).unwrap_or_default();
    let body = String::from_utf8(body).unwrap();
    format!("{target}{token} {body}").trim_end().to_owned()
}
