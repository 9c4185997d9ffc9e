//! A client as programs have them: it goes on to the next server when one gives it no answer.

use super::http::{Api, Reply};

/// What one server made of a request.
#[derive(Debug)]
pub(crate) enum Answer {
    Said(Box<Reply>),
    /// Nobody listens there.
    Nobody,
    /// The connection broke, or there was no answer in time.
    Broken(String),
}

/// Knows several servers and stays with the one that answers.
pub(crate) struct Client {
    servers: Vec<Api>,
    current: usize,
}

impl Client {
    pub(crate) fn new(servers: Vec<Api>, first: usize) -> Self {
        Self { servers, current: first }
    }

    /// Asks each server once at most, until one does what is asked. The error is what each of them said.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &str) -> Result<Reply, String> {
        let mut said = Vec::new();
        for _ in 0..self.servers.len() {
            match self.try_once(method, path, body).await {
                Answer::Said(reply) if reply.status < 500 => return Ok(*reply),
                other @ (Answer::Said(_) | Answer::Nobody | Answer::Broken(_)) => {
                    said.push(format!("{}: {other:?}", self.current));
                }
            }
            self.go_on();
        }
        Err(format!("{method} {path}: {said:#?}"))
    }

    /// Asks the server that answered last.
    pub(crate) async fn try_once(&self, method: &str, path: &str, body: &str) -> Answer {
        match self.servers[self.current].send(method, path, body.to_owned()).await {
            Ok(reply) => Answer::Said(Box::new(reply)),
            Err(error) if error.contains("Connect") => Answer::Nobody,
            Err(error) => Answer::Broken(error),
        }
    }

    /// The next server's turn.
    pub(crate) fn go_on(&mut self) {
        self.current = (self.current + 1) % self.servers.len();
    }
}
