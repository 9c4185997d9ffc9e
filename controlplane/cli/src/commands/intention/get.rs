//! `weft intention get`.

use serde_json::Value;

use super::show;
use super::target::Target;
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Show one intention, by its two services or by its ID
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft intention get web api")]
pub(crate) struct Get {
    /// SRC DST, or an ID
    #[arg(value_name = "SRC DST | ID", num_args = 0..)]
    target: Vec<String>,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Get {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let target = Target::read(&self.target)?;
        let found = target.fetch(&self.http.client(env)?).await.context("Error reading the intention")?;
        let intention = found.ok_or_else(|| target.not_found())?;
        match self.format.format {
            Format::Json => output::print_json(&intention)?,
            Format::Pretty => output::print(&details(&intention))?,
        }
        Ok(DONE)
    }
}

/// One field a line; fields that are empty are left out.
fn details(intention: &Value) -> String {
    let text = |key| show::text(intention, key).to_owned();
    let mut rows = vec![
        ("Source:", text("SourceName")),
        ("Destination:", text("DestinationName")),
        ("Action:", show::action(intention)),
        ("ID:", text("ID")),
        ("Description:", text("Description")),
        ("Precedence:", intention["Precedence"].as_u64().map(|number| number.to_string()).unwrap_or_default()),
        ("Created At:", text("CreatedAt")),
    ];
    let meta = intention["Meta"].as_object().into_iter().flatten();
    rows.extend(meta.map(|(key, value)| ("Meta:", format!("{key}={}", value.as_str().unwrap_or_default()))));
    let permissions = intention["Permissions"].as_array().into_iter().flatten();
    rows.extend(permissions.map(|permission| ("Permission:", permission.to_string())));
    rows.retain(|(_, value)| !value.is_empty());
    output::table(&rows.into_iter().map(|(name, value)| [name.to_owned(), value]).collect::<Vec<_>>())
}
