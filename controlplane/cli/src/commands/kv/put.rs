//! `weft kv put`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::data;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::kv::path;
use crate::output;

/// Write a value
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft kv put config/redis/maxconns 5
  weft kv put config/license @license.lic              from a file; - is standard input
  weft kv put --cas --modify-index 844 config/redis/maxconns 5
  weft kv put --acquire --session ID locks/leader me")]
pub(crate) struct Put {
    /// The key
    #[arg(value_name = "KEY")]
    key: String,
    /// The value; @FILE takes it from a file, - from standard input
    #[arg(value_name = "DATA", allow_hyphen_values = true)]
    data: Option<String>,
    /// Take the lock for --session
    #[arg(long, conflicts_with_all = ["cas", "release"])]
    acquire: bool,
    /// The value is given in base64
    #[arg(long)]
    base64: bool,
    /// Only if the key is still at --modify-index
    #[arg(long, conflicts_with = "release")]
    cas: bool,
    /// A number of your own
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    flags: u64,
    /// The ModifyIndex that was read; 0 means that the key must not exist
    #[arg(long, value_name = "INDEX")]
    modify_index: Option<u64>,
    /// Give the lock of --session back
    #[arg(long)]
    release: bool,
    /// The session whose lock it is
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Put {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let key = &self.key;
        if key.starts_with('/') {
            let why = format!("Invalid key. Key must not begin with a '/': {key}");
            return Err(Failure::new(format!("Error! Failed writing data: {why}")));
        }
        let condition = self.condition()?;
        let value = self.value()?;
        let client = self.http.client(env)?;
        let request = client.put(path(key)).bytes(value);
        let flags = (self.flags != 0).then(|| self.flags.to_string());
        let request = request.param_if("flags", flags.as_deref());
        let request = condition.iter().fold(request, |request, (name, value)| request.param(name, value));
        let done = request.send().await.context("Error! Failed writing data")?.is_true();
        let text = match (condition.map(|(name, _)| name), done) {
            (Some("cas"), false) => return Err(Failure::new(format!("Error! Did not write to {key}: CAS failed"))),
            (Some("acquire"), false) => return Err(Failure::new("Error! Did not acquire lock")),
            (Some("release"), false) => return Err(Failure::new("Error! Did not release lock")),
            (_, false) => return Err(Failure::new(format!("Error! Did not write to {key}"))),
            (Some("acquire"), true) => format!("Success! Lock acquired on: {key}"),
            (Some("release"), true) => format!("Success! Lock released on: {key}"),
            (_, true) => format!("Success! Data written to: {key}"),
        };
        output::print(&text)?;
        Ok(DONE)
    }

    fn condition(&self) -> Result<Option<(&'static str, String)>, Failure> {
        if self.cas {
            let index = self.modify_index.ok_or_else(|| Failure::new("Must specify -modify-index with -cas!"))?;
            return Ok(Some(("cas", index.to_string())));
        }
        if !self.acquire && !self.release {
            return Ok(None);
        }
        let missing = || Failure::new("Error! Missing -session (required with -acquire and -release)");
        let session = self.session.clone().filter(|session| !session.is_empty()).ok_or_else(missing)?;
        Ok(Some((if self.acquire { "acquire" } else { "release" }, session)))
    }

    fn value(&self) -> Result<Vec<u8>, Failure> {
        let value = data(self.data.as_deref().unwrap_or_default())?;
        if !self.base64 {
            return Ok(value);
        }
        STANDARD.decode(value.trim_ascii()).map_err(|_| Failure::new("Error! Cannot base 64 decode data"))
    }
}
