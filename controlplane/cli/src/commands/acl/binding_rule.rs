//! `weft acl binding-rule`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{given, grants, show};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

const NOUN: (&str, &str) = ("binding rule", "binding-rules");

/// Manage binding rules: what a login grants
#[derive(Debug, Subcommand)]
pub(crate) enum BindingRule {
    Create(Create),
    Delete(Delete),
    List(List),
    Read(Read),
    Update(Update),
}

/// What a binding rule says.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fields {
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// service, node, role, policy or templated-policy
    #[arg(long, value_name = "TYPE")]
    bind_type: Option<String>,
    /// The name of what is bound; `${...}` is filled in
    #[arg(long, value_name = "NAME")]
    bind_name: Option<String>,
    /// With templated-policy: the name that fills it in
    #[arg(long, value_name = "Name=VALUE")]
    bind_vars: Option<String>,
    /// For whom it holds [default: everybody]
    #[arg(long, value_name = "EXPRESSION")]
    selector: Option<String>,
}

impl Fields {
    fn set(&self, document: &mut Map<String, Value>) -> Result<(), Failure> {
        for (field, value) in [
            ("Description", &self.description),
            ("BindType", &self.bind_type),
            ("BindName", &self.bind_name),
            ("Selector", &self.selector),
        ] {
            grants::set(document, field, value.as_deref());
        }
        if let Some(given) = &self.bind_vars {
            let (name, value) = given.split_once('=').unwrap_or_default();
            if !name.eq_ignore_ascii_case("name") {
                return Err(Failure::new(format!("--bind-vars {given:?}: write Name=VALUE")));
            }
            document.insert("BindVars".to_owned(), json!({"Name": value}));
        }
        Ok(())
    }
}

/// Make a binding rule
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl binding-rule create --method k8s --bind-type service --bind-name '${serviceaccount.name}'
  weft acl binding-rule create --method ci --bind-type role --bind-name ops --selector 'value.team == ops'")]
pub(crate) struct Create {
    /// The auth method
    #[arg(long, value_name = "NAME")]
    method: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Remove a binding rule
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl binding-rule delete --id 0ec1bd0f")]
pub(crate) struct Delete {
    /// By its ID, or the beginning of it
    #[arg(long, value_name = "ID")]
    id: String,
    #[command(flatten)]
    http: HttpFlags,
}

/// List binding rules
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl binding-rule list --method k8s")]
pub(crate) struct List {
    /// Only those of this auth method
    #[arg(long, value_name = "NAME")]
    method: Option<String>,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print a binding rule
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl binding-rule read --id 0ec1bd0f")]
pub(crate) struct Read {
    /// By its ID, or the beginning of it
    #[arg(long, value_name = "ID")]
    id: String,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Change a binding rule; what is not given stays
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl binding-rule update --id 0ec1bd0f --selector 'value.team == dev'")]
pub(crate) struct Update {
    /// By its ID, or the beginning of it
    #[arg(long, value_name = "ID")]
    id: String,
    /// What is not given is emptied, too
    #[arg(long)]
    no_merge: bool,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

impl BindingRule {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Create(create) => {
                let client = create.http.client(env)?;
                let mut document = Map::from_iter([("AuthMethod".to_owned(), json!(create.method))]);
                create.fields.set(&mut document)?;
                let made = client.put("/v1/acl/binding-rule").json(document.into()).fetch().await;
                show::print(create.format, &made.context("Failed to create new binding rule")?, show::binding_rule)
            }
            Self::Delete(delete) => {
                let client = delete.http.client(env)?;
                let id = given::id(&client, NOUN, (Some(&delete.id), None)).await?;
                let gone = client.delete(given::path("binding-rule", &id)).send().await;
                gone.context(format!("Error deleting binding rule {id:?}"))?;
                output::print(&format!("Binding rule {id:?} deleted successfully"))?;
                Ok(DONE)
            }
            Self::List(list) => {
                let client = list.http.client(env)?;
                let all = client.get("/v1/acl/binding-rules").param_if("authmethod", list.method.as_deref());
                let all = all.fetch().await.context("Failed to retrieve the binding rule list")?;
                show::print(list.format, &all, show::binding_rule)
            }
            Self::Read(read) => {
                let client = read.http.client(env)?;
                let id = given::id(&client, NOUN, (Some(&read.id), None)).await?;
                let found = client.get(given::path("binding-rule", &id)).fetch().await;
                let found = found.context(format!("Error reading binding rule {id:?}"))?;
                show::print(read.format, &found, show::binding_rule)
            }
            Self::Update(update) => update.run(env).await,
        }
    }
}

impl Update {
    async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let id = given::id(&client, NOUN, (Some(&self.id), None)).await?;
        let path = given::path("binding-rule", &id);
        let doing = format!("Error updating binding rule {id:?}");
        let mut document = client.get(&path).fetch().await.context(&doing)?.as_object().cloned().unwrap_or_default();
        document.retain(|field, _| !self.no_merge || ["ID", "AuthMethod"].contains(&field.as_str()));
        self.fields.set(&mut document)?;
        let made = client.put(&path).json(document.into()).fetch().await.context(&doing)?;
        show::print(self.format, &made, show::binding_rule)
    }
}
