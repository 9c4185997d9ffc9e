//! `weft kv get`.

use crate::client::{Client, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::kv::{entries, path};
use crate::output;

/// Print a value, a tree, or the names in a tree
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft kv get config/redis/maxconns
  weft kv get --detailed config/redis/maxconns       with indexes, flags and lock
  weft kv get --recurse config/
  weft kv get --keys --separator '' config/")]
pub(crate) struct Get {
    /// A key, or with --recurse and --keys the beginning of keys
    #[arg(value_name = "KEY_OR_PREFIX")]
    key: Option<String>,
    /// Print the value in base64
    #[arg(long)]
    base64: bool,
    /// Print indexes, flags and lock as well
    #[arg(long)]
    detailed: bool,
    /// Print only the names of the keys that begin so
    #[arg(long)]
    keys: bool,
    /// Print all keys that begin so
    #[arg(long)]
    recurse: bool,
    /// With --keys: cut names behind its first place past the prefix
    #[arg(long, value_name = "TEXT", default_value = "/")]
    separator: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl Get {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        // No key begins with a slash: redirects would only cost time.
        let key = self.key.as_deref().unwrap_or_default().trim_start_matches('/');
        if key.is_empty() && !self.keys && !self.recurse {
            return Err(Failure::new("Error! Missing KEY argument"));
        }
        let client = self.http.client(env)?;
        match (self.keys, self.recurse) {
            (true, _) => self.print_keys(&client, key).await,
            (false, true) => self.print_tree(&client, key).await,
            (false, false) => self.print_one(&client, key).await,
        }
    }

    async fn print_keys(&self, client: &Client, key: &str) -> Outcome {
        let request = client.get(path(key)).param("keys", "").param("separator", &self.separator);
        let answer = request.send_optional().await.context("Error! Failed querying Consul agent")?;
        let names = answer.map(|answer| answer.json()).transpose().context("Error! Failed querying Consul agent")?;
        let names = names.unwrap_or_default();
        for name in names.as_array().into_iter().flatten().filter_map(|name| name.as_str()) {
            output::print_bytes(name.as_bytes())?;
        }
        Ok(DONE)
    }

    async fn print_tree(&self, client: &Client, key: &str) -> Outcome {
        let entries = entries(client.get(path(key)).param("recurse", "")).await;
        for (position, entry) in entries.context("Error! Failed querying Consul agent")?.iter().enumerate() {
            if self.detailed {
                if position > 0 {
                    output::print_bytes(b"")?;
                }
                output::print_bytes(&entry.detailed(self.base64))?;
            } else {
                output::print_bytes(&[entry.key.as_bytes(), b":", &entry.bytes(self.base64)].concat())?;
            }
        }
        Ok(DONE)
    }

    async fn print_one(&self, client: &Client, key: &str) -> Outcome {
        let entries = entries(client.get(path(key))).await.context("Error! Failed querying Consul agent")?;
        let entry = entries.first().ok_or_else(|| Failure::new(format!("Error! No key exists at: {key}")))?;
        let text = if self.detailed { entry.detailed(self.base64) } else { entry.bytes(self.base64) };
        output::print_bytes(&text)?;
        Ok(DONE)
    }
}
