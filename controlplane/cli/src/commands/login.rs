//! `weft login`.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome, plain_io};

/// Get a token by proving who one is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft login --method k8s --bearer-token-file /var/run/secrets/kubernetes.io/serviceaccount/token --token-sink-file weft.token
  weft kv get --token-file weft.token config/a")]
pub(crate) struct Login {
    /// The auth method
    #[arg(long, value_name = "NAME")]
    method: String,
    /// The kind of login, as Consul's: that of a browser, oidc, is not supported yet
    #[arg(long = "type", value_name = "KIND", hide = true)]
    kind: Option<String>,
    /// The file that holds the proof
    #[arg(long, value_name = "FILE")]
    bearer_token_file: PathBuf,
    /// Where the token's secret goes
    #[arg(long, value_name = "FILE")]
    token_sink_file: PathBuf,
    /// What is to stand in the token's description; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    meta: Vec<String>,
    #[command(flatten)]
    http: HttpFlags,
}

impl Login {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        if self.kind.as_deref() == Some("oidc") {
            return Err(Failure::new(
                "--type oidc: logging in by a browser is not supported yet; a JWT in --bearer-token-file is",
            ));
        }
        let bearer = std::fs::read_to_string(&self.bearer_token_file)
            .map_err(|error| Failure::new(format!("{}: {}", self.bearer_token_file.display(), plain_io(&error))))?;
        let bearer = bearer.trim();
        if bearer.is_empty() {
            return Err(Failure::new(format!("No bearer token found in {}", self.bearer_token_file.display())));
        }
        let mut meta = Map::new();
        for pair in &self.meta {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            meta.insert(key.to_owned(), json!(value));
        }
        let client = self.http.client(env)?;
        let body = json!({"AuthMethod": self.method, "BearerToken": bearer, "Meta": Value::Object(meta)});
        let token = client.post("/v1/acl/login").json(body).fetch().await.context("Error logging in")?;
        let secret =
            token["SecretID"].as_str().ok_or_else(|| Failure::new("Error logging in: no token was answered"))?;
        keep(&self.token_sink_file, secret)
            .map_err(|error| Failure::new(format!("Error writing token to file sink: {}", plain_io(&error))))?;
        Ok(DONE)
    }
}

/// For nobody else to read.
fn keep(path: &Path, secret: &str) -> std::io::Result<()> {
    let draft = path.with_extension("tmp");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(secret.as_bytes())?;
    std::fs::rename(&draft, path)
}
