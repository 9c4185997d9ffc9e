//! `weft acl policy`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{given, grants, legacy, show};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

const NOUN: (&str, &str) = ("policy", "policies");

/// Manage policies: rules under a name
#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Create(Create),
    Delete(Delete),
    List(List),
    Read(Read),
    Update(Update),
}

/// Make a policy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl policy create --name readers --rules 'key_prefix \"\" { policy = \"read\" }'
  weft acl policy create --name readers --rules @rules.hcl")]
pub(crate) struct Create {
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    legacy: legacy::Origin,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// What a policy has besides its name.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fields {
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// The rules: `-` for standard input, @FILE, or themselves
    #[arg(long, value_name = "RULES")]
    rules: Option<String>,
    /// Only in this datacenter; may be given several times
    #[arg(long, value_name = "NAME")]
    valid_datacenter: Vec<String>,
}

impl Fields {
    fn set(&self, document: &mut Map<String, Value>) -> Result<(), Failure> {
        grants::set(document, "Description", self.description.as_deref());
        if let Some(rules) = &self.rules {
            document.insert("Rules".to_owned(), json!(given::text(rules)?));
        }
        if !self.valid_datacenter.is_empty() {
            document.insert("Datacenters".to_owned(), json!(self.valid_datacenter));
        }
        Ok(())
    }
}

/// Remove a policy; tokens that have it lose what it grants
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl policy delete --name readers")]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    http: HttpFlags,
}

/// Which one is meant.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// By its ID, or the beginning of it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// By its name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
}

impl Which {
    async fn id(&self, client: &crate::client::Client) -> Result<String, Failure> {
        given::id(client, NOUN, (self.id.as_deref(), self.name.as_deref())).await
    }
}

/// List policies
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl policy list --format json")]
pub(crate) struct List {
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print a policy
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl policy read --name global-management")]
pub(crate) struct Read {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Change a policy; what is not given stays
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl policy update --name readers --rules @rules.hcl")]
pub(crate) struct Update {
    /// The policy, by its ID
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// With --id its new name, else the policy
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    fields: Fields,
    /// Forget what is not given
    #[arg(long)]
    no_merge: bool,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

impl Policy {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Create(create) => {
                create.legacy.refuse()?;
                let client = create.http.client(env)?;
                let mut document = Map::from_iter([("Name".to_owned(), json!(create.name))]);
                create.fields.set(&mut document)?;
                let made = client.put("/v1/acl/policy").json(document.into()).fetch().await;
                show::print(create.format, &made.context("Failed to create new policy")?, show::policy)
            }
            Self::Delete(delete) => {
                let client = delete.http.client(env)?;
                let id = delete.which.id(&client).await?;
                let gone = client.delete(given::path("policy", &id)).send().await;
                gone.context(format!("Error deleting policy {id:?}"))?;
                output::print(&format!("Policy {id:?} deleted successfully"))?;
                Ok(DONE)
            }
            Self::List(list) => {
                let all = list.http.client(env)?.get("/v1/acl/policies").fetch().await;
                show::print_named(list.format, &all.context("Failed to retrieve the policy list")?, show::policy)
            }
            Self::Read(read) => {
                let client = read.http.client(env)?;
                let id = read.which.id(&client).await?;
                let found = client.get(given::path("policy", &id)).fetch().await;
                show::print(read.format, &found.context(format!("Error reading policy {id:?}"))?, show::policy)
            }
            Self::Update(update) => update.run(env).await,
        }
    }
}

impl Update {
    async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let id = given::id(&client, NOUN, (self.id.as_deref(), self.name.as_deref())).await?;
        let path = given::path("policy", &id);
        let doing = format!("Error updating policy {id:?}");
        let former = client.get(&path).fetch().await.context(&doing)?;
        let mut document = Map::new();
        for field in ["Name", "Description", "Rules", "Datacenters"] {
            if !self.no_merge || field == "Name" {
                document.extend(former.get(field).map(|value| (field.to_owned(), value.clone())));
            }
        }
        grants::set(&mut document, "Name", self.name.as_deref());
        self.fields.set(&mut document)?;
        let made = client.put(&path).json(document.into()).fetch().await.context(&doing)?;
        show::print(self.format, &made, show::policy)
    }
}
