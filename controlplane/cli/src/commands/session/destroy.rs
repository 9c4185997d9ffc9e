//! `weft session destroy`.

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

/// End a session; its locks are released
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft session destroy 84e34cd5-90ff-de04-43ed-5520a997731f")]
pub(crate) struct Destroy {
    /// The session
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    http: HttpFlags,
}

impl Destroy {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let request = client.put(format!("/v1/session/destroy/{}", segment(&self.id)));
        request.send().await.context("Error destroying session")?;
        output::print(&format!("Session destroyed: {}", self.id))?;
        Ok(DONE)
    }
}
