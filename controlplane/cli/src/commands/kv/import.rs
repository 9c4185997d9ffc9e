//! `weft kv import`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::data;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::kv::path;
use crate::output;

/// Write the keys that `weft kv export` printed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft kv import @vault.json
  weft kv export vault/ | weft kv import --http-addr other:8500 -
  weft kv import --prefix copy/ @vault.json")]
pub(crate) struct Import {
    /// JSON; @FILE takes it from a file, - from standard input
    #[arg(value_name = "DATA")]
    data: String,
    /// Put before each key
    #[arg(long, value_name = "PREFIX", default_value = "")]
    prefix: String,
    #[command(flatten)]
    http: HttpFlags,
}

#[derive(Deserialize)]
struct Row {
    key: String,
    #[serde(default)]
    flags: u64,
    #[serde(default)]
    value: String,
}

impl Import {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let bytes = data(&self.data)?;
        let rows: Vec<Row> = serde_json::from_slice(&bytes).context("Cannot unmarshal data")?;
        let client = self.http.client(env)?;
        for row in rows {
            let key = format!("{}{}", self.prefix, row.key);
            let value = STANDARD.decode(&row.value).context("Cannot base 64 decode value")?;
            let flags = (row.flags != 0).then(|| row.flags.to_string());
            let request = client.put(path(key.trim_start_matches('/'))).bytes(value);
            let request = request.param_if("flags", flags.as_deref());
            request.send().await.context(format!("Error! Failed writing data for key {key}"))?;
            output::print(&format!("Imported: {key}"))?;
        }
        Ok(DONE)
    }
}
