//! `weft acl templated-policy`.

use clap::Subcommand;
use serde_json::{Value, json};

use super::show;
use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// See the templates that policies can be made of
#[derive(Debug, Subcommand)]
pub(crate) enum TemplatedPolicy {
    List(List),
    Preview(Preview),
    Read(Read),
}

/// List the templates
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl templated-policy list")]
pub(crate) struct List {
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print a template
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl templated-policy read --name builtin/service")]
pub(crate) struct Read {
    /// The template
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print the policy that a template gives
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl templated-policy preview --name builtin/service --var name:web")]
pub(crate) struct Preview {
    /// The template
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The name that fills it in
    #[arg(long, value_name = "name:VALUE")]
    var: Option<String>,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

impl TemplatedPolicy {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::List(list) => {
                let all = list.http.client(env)?.get("/v1/acl/templated-policies").fetch().await;
                let all = all.context("Failed to list templated policies")?;
                match list.format.format {
                    Format::Json => output::print_json(&all)?,
                    Format::Pretty => {
                        let names = all.as_object().into_iter().flatten().map(|(name, _)| format!("{name}\n"));
                        output::print(&names.collect::<String>())?;
                    }
                }
                Ok(DONE)
            }
            Self::Preview(preview) => {
                let client = preview.http.client(env)?;
                let name = preview.var.as_deref().map(|var| var.trim_start_matches("name:")).unwrap_or_default();
                let path = format!("/v1/acl/templated-policy/preview/{}", segment(&preview.name));
                let policy = client.post(path).json(json!({"Name": name})).fetch().await;
                let policy = policy.context("Failed to preview the templated policy")?;
                show::print(preview.format, &policy, show::policy)
            }
            Self::Read(read) => {
                let path = format!("/v1/acl/templated-policy/name/{}", segment(&read.name));
                let template = read.http.client(env)?.get(path).fetch().await;
                let template = template.context("Failed to read the templated policy")?;
                show::print(read.format, &template, |template: &Value| {
                    let text = |field: &str| template[field].as_str().unwrap_or_default().to_owned();
                    format!(
                        "Name:         {}\nDescription:  {}\n{}",
                        text("TemplateName"),
                        text("Description"),
                        text("Template")
                    )
                })
            }
        }
    }
}
