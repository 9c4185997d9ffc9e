//! `weft intention create`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::show;
use super::target::{Target, pair};
use crate::client::{Client, ClientError, HttpFlags};
use crate::commands::pair;
use crate::document;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Create intentions: allow, unless --deny is given
///
/// "*" stands for every service. An intention that is there already is left alone, unless --replace is given.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft intention create web api
  weft intention create --deny --replace '*' api
  weft intention create --file one.json two.hcl
  echo '{\"SourceName\":\"web\",\"DestinationName\":\"api\",\"Action\":\"allow\"}' | weft intention create --file -

What looks at requests (paths, methods, headers) goes into a file, as Permissions, or into a
service-intentions entry with \"weft config write\".")]
pub(crate) struct Create {
    /// SRC DST, or with --file the files to read
    #[arg(value_name = "SRC DST | FILE...", num_args = 0..)]
    words: Vec<String>,
    /// Allow, which is what happens without a flag
    #[arg(long)]
    allow: bool,
    /// Deny
    #[arg(long)]
    deny: bool,
    /// Read intentions from files, in JSON or HCL
    #[arg(long)]
    file: bool,
    /// Something to know about it; may be given several times
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair::parse)]
    meta: Vec<(String, String)>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Replace the intention that is there
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    http: HttpFlags,
}

impl Create {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        if self.allow && self.deny {
            return Err(Failure::new("Only one of -allow or -deny may be specified."));
        }
        let intentions = if self.file { from_files(&self.words)? } else { vec![self.described()?] };
        let client = self.http.client(env)?;
        for intention in intentions {
            let line = show::line(&intention);
            create(&client, intention, self.replace).await.context(format!("Error creating intention {line:?}"))?;
            output::print(&format!("Created: {line}"))?;
        }
        Ok(DONE)
    }

    /// The intention that words and flags describe.
    fn described(&self) -> Result<Value, Failure> {
        let [source, destination] = self.words.as_slice() else {
            return Err(Failure::new("Error: Must specify two arguments: source and destination"));
        };
        let mut intention = Map::from_iter([
            ("SourceName".to_owned(), json!(source)),
            ("DestinationName".to_owned(), json!(destination)),
            ("Action".to_owned(), json!(if self.deny { "deny" } else { "allow" })),
        ]);
        if !self.meta.is_empty() {
            intention.insert("Meta".to_owned(), json!(self.meta.iter().cloned().collect::<BTreeMap<_, _>>()));
        }
        intention.extend(self.description.as_ref().map(|text| ("Description".to_owned(), json!(text))));
        Ok(Value::Object(intention))
    }
}

fn from_files(files: &[String]) -> Result<Vec<Value>, Failure> {
    if files.is_empty() {
        return Err(Failure::new("Error: -file requires at least one file"));
    }
    let documents = files.iter().map(|file| document::load(file).map(intentions)).collect::<Result<Vec<_>, _>>()?;
    Ok(documents.concat())
}

/// A file holds one intention, or a list of them.
fn intentions(document: Value) -> Vec<Value> {
    if let Value::Array(several) = document {
        return several.into_iter().map(canonical).collect();
    }
    vec![canonical(document)]
}

/// The fields that we read ourselves, under the name that the API gives them.
fn canonical(intention: Value) -> Value {
    const READ: [&str; 4] = ["SourceName", "DestinationName", "Action", "Permissions"];
    let Value::Object(fields) = intention else { return intention };
    let spelled = |key: String| {
        let plain = key.replace('_', "");
        READ.iter().find(|known| known.eq_ignore_ascii_case(&plain)).map_or(key, |known| (*known).to_owned())
    };
    Value::Object(fields.into_iter().map(|(key, value)| (spelled(key), value)).collect())
}

/// Asks for the intention. Only the endpoint without a pair refuses one that is there already, and
/// it knows actions only; for the others we look first.
async fn create(client: &Client, intention: Value, replace: bool) -> Result<(), CreateError> {
    let text = |key| show::text(&intention, key).to_owned();
    let (source, destination) = (text("SourceName"), text("DestinationName"));
    let plain = intention["Permissions"].is_null();
    if plain && !replace {
        client.post("/v1/connect/intentions").json(intention).send().await?;
        return Ok(());
    }
    if !replace {
        let target = Target::Pair { source: source.clone(), destination: destination.clone() };
        if let Some(there) = target.fetch(client).await? {
            return Err(CreateError::Exists(show::line(&there)));
        }
    }
    pair(client.put("/v1/connect/intentions/exact"), &source, &destination).json(intention).send().await?;
    Ok(())
}

/// Why an intention was not created.
#[derive(Debug, thiserror::Error)]
enum CreateError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("it exists already, as {0}; use --replace to replace it")]
    Exists(String),
}
