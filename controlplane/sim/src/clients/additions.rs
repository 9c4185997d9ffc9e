//! Names that are added to the catalog and never removed.

use weft_model::catalog::Node;
use weft_model::{Command, NodeName};

use super::Client;
use crate::history::{Addition, Outcome};

impl Client {
    pub(super) async fn add(&mut self) {
        let name = format!("added-{}-{}", self.id, self.history.tick());
        let (_, outcome) = self.propose(register(name.clone())).await;
        let outcome = match outcome {
            Outcome::Done((index, Ok(_))) => Outcome::Done(index),
            Outcome::Done((_, Err(_))) | Outcome::Failed => Outcome::Failed,
            Outcome::Unknown => Outcome::Unknown,
        };
        self.history.note(|events| events.additions.push(Addition { name, outcome }));
    }
}

pub(super) fn register(name: String) -> Command {
    Command::register_node(Node { name: NodeName::from(name), address: "127.0.0.1".to_owned(), ..Node::default() })
}
