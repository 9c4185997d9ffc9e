//! Serial numbers: a command that must not be applied twice.

use weft_model::{Command, Reply};

use super::Client;
use crate::history::{Issue, Outcome};

impl Client {
    pub(super) async fn issue(&mut self) {
        let (span, outcome) = self.propose(Command::CaIssue { service: "web".into() }).await;
        let outcome = match outcome {
            Outcome::Done((index, Ok(Reply::Serial(serial)))) => Outcome::Done((index, serial)),
            Outcome::Done(_) | Outcome::Failed => Outcome::Failed,
            Outcome::Unknown => Outcome::Unknown,
        };
        self.history.note(|events| events.issues.push(Issue { span, outcome }));
    }
}
