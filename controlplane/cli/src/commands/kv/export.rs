//! `weft kv export`.

use serde_json::{Value, json};

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::kv::{Entry, entries, path};
use crate::output;

/// Print a tree as JSON, for `weft kv import`
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft kv export vault/ > vault.json")]
pub(crate) struct Export {
    /// The beginning of the keys; without it all
    #[arg(value_name = "KEY_OR_PREFIX", default_value = "")]
    prefix: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl Export {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let request = client.get(path(self.prefix.trim_start_matches('/'))).param("recurse", "");
        let entries = entries(request).await.context("Error! Failed querying Consul agent")?;
        let row = |entry: &Entry| json!({"key": entry.key, "flags": entry.flags, "value": entry.base64()});
        output::print(&output::json_text(&Value::Array(entries.iter().map(row).collect()), "\t"))?;
        Ok(DONE)
    }
}
