//! `weft kv delete`.

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::kv::path;
use crate::output;

/// Delete a key or a tree; what is not there is no error
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft kv delete config/redis/maxconns
  weft kv delete --recurse config/                     all keys that begin so
  weft kv delete --cas --modify-index 844 config/redis/maxconns")]
pub(crate) struct Delete {
    /// A key, or with --recurse the beginning of keys
    #[arg(value_name = "KEY_OR_PREFIX")]
    key: String,
    /// Only if the key is still at --modify-index
    #[arg(long, conflicts_with = "recurse")]
    cas: bool,
    /// The ModifyIndex that was read
    #[arg(long, value_name = "INDEX")]
    modify_index: Option<u64>,
    /// Delete all keys that begin so
    #[arg(long)]
    recurse: bool,
    #[command(flatten)]
    http: HttpFlags,
}

impl Delete {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let key = self.key.trim_start_matches('/');
        if self.cas && self.modify_index.is_none() {
            return Err(Failure::new("Must specify -modify-index with -cas!"));
        }
        let client = self.http.client(env)?;
        let mut request = client.delete(path(key));
        if self.recurse {
            request = request.param("recurse", "");
        } else if key.is_empty() {
            return Err(Failure::new("Error! Missing KEY argument"));
        }
        if self.cas {
            request = request.param_if("cas", self.modify_index.map(|index| index.to_string()).as_deref());
        }
        let done = request.send().await.context(format!("Error! Did not delete key {key}"))?.is_true();
        if !done {
            return Err(Failure::new(format!("Error! Did not delete key {key}: CAS failed")));
        }
        let what = if self.recurse { "keys with prefix" } else { "key" };
        output::print(&format!("Success! Deleted {what}: {key}"))?;
        Ok(DONE)
    }
}
