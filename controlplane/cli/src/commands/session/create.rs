//! `weft session create`.

use serde_json::{Map, Value, json};

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Begin a session and print its ID
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft session create
  weft session create --name deploy --ttl 30s --behavior delete
  weft kv put --acquire --session \"$(weft session create --ttl 30s)\" locks/deploy me")]
pub(crate) struct Create {
    /// A name for people
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// The node that it lives on [default: the agent's]
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// It ends when it is not renewed for this long, or up to twice as long
    #[arg(long, value_name = "DURATION")]
    ttl: Option<String>,
    /// How long nobody can take its locks after it has ended against its will [default: 15s]
    #[arg(long, value_name = "DURATION")]
    lock_delay: Option<String>,
    /// What becomes of the keys that it holds [default: release]
    #[arg(long, value_name = "release|delete")]
    behavior: Option<String>,
    /// A check of the node that it depends on; may be given several times [default: serfHealth]
    #[arg(long, value_name = "CHECK_ID")]
    node_check: Vec<String>,
    /// A check of an instance that it depends on; may be given several times
    #[arg(long, value_name = "CHECK_ID")]
    service_check: Vec<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Create {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let answer = client.put("/v1/session/create").json(self.body()).fetch().await;
        let answer = answer.context("Error creating session")?;
        let id = answer["ID"].as_str().ok_or_else(|| Failure::new("Error creating session: no ID was answered"))?;
        output::print(id)?;
        Ok(DONE)
    }

    fn body(&self) -> Value {
        let mut body = Map::new();
        for (field, value) in [
            ("Name", &self.name),
            ("Node", &self.node),
            ("TTL", &self.ttl),
            ("LockDelay", &self.lock_delay),
            ("Behavior", &self.behavior),
        ] {
            if let Some(value) = value {
                body.insert(field.to_owned(), json!(value));
            }
        }
        if !self.node_check.is_empty() {
            body.insert("NodeChecks".to_owned(), json!(self.node_check));
        }
        if !self.service_check.is_empty() {
            let checks: Vec<_> = self.service_check.iter().map(|id| json!({"ID": id})).collect();
            body.insert("ServiceChecks".to_owned(), json!(checks));
        }
        Value::Object(body)
    }
}
