//! `weft acl role`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{given, grants, show};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output;

const NOUN: (&str, &str) = ("role", "roles");

/// Manage roles: what several tokens have in common
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    Create(Create),
    Delete(Delete),
    List(List),
    Read(Read),
    Update(Update),
}

/// Make a role
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl role create --name ops --policy-name readers --service-identity web")]
pub(crate) struct Create {
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    grants: grants::Grants,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Remove a role; tokens that have it lose what it grants
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl role delete --name ops")]
pub(crate) struct Delete {
    /// By its ID, or the beginning of it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// By its name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    http: HttpFlags,
}

/// List roles
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl role list")]
pub(crate) struct List {
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print a role
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl role read --name ops")]
pub(crate) struct Read {
    /// By its ID, or the beginning of it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// By its name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Change a role; what is given comes to what there is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl role update --name ops --policy-name writers
  weft acl role update --name ops --no-merge --policy-name writers      and nothing else")]
pub(crate) struct Update {
    /// The role, by its ID
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// With --id its new name, else the role
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    grants: grants::Grants,
    /// Forget what is not given
    #[arg(long)]
    no_merge: bool,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

impl Role {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Create(create) => {
                let client = create.http.client(env)?;
                let mut document = Map::from_iter([("Name".to_owned(), json!(create.name))]);
                grants::set(&mut document, "Description", create.description.as_deref());
                create.grants.add_to(&mut document)?;
                let made = client.put("/v1/acl/role").json(document.into()).fetch().await;
                show::print(create.format, &made.context("Failed to create new role")?, show::role)
            }
            Self::Delete(delete) => {
                let client = delete.http.client(env)?;
                let id = given::id(&client, NOUN, (delete.id.as_deref(), delete.name.as_deref())).await?;
                let gone = client.delete(given::path("role", &id)).send().await;
                gone.context(format!("Error deleting role {id:?}"))?;
                output::print(&format!("Role {id:?} deleted successfully"))?;
                Ok(DONE)
            }
            Self::List(list) => {
                let all = list.http.client(env)?.get("/v1/acl/roles").fetch().await;
                show::print_named(list.format, &all.context("Failed to retrieve the role list")?, show::role)
            }
            Self::Read(read) => {
                let client = read.http.client(env)?;
                let id = given::id(&client, NOUN, (read.id.as_deref(), read.name.as_deref())).await?;
                let found = client.get(given::path("role", &id)).fetch().await;
                show::print(read.format, &found.context(format!("Error reading role {id:?}"))?, show::role)
            }
            Self::Update(update) => update.run(env).await,
        }
    }
}

impl Update {
    async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let id = given::id(&client, NOUN, (self.id.as_deref(), self.name.as_deref())).await?;
        let path = given::path("role", &id);
        let doing = format!("Error updating role {id:?}");
        let former = client.get(&path).fetch().await.context(&doing)?;
        let mut document = merged(&former, self.no_merge);
        grants::set(&mut document, "Name", self.name.as_deref());
        grants::set(&mut document, "Description", self.description.as_deref());
        self.grants.add_to(&mut document)?;
        let made = client.put(&path).json(document.into()).fetch().await.context(&doing)?;
        show::print(self.format, &made, show::role)
    }
}

fn merged(former: &Value, no_merge: bool) -> Map<String, Value> {
    let all = ["Name", "Description", "Policies", "ServiceIdentities", "NodeIdentities", "TemplatedPolicies"];
    let kept = if no_merge { &all[..1] } else { &all[..] };
    kept.iter().filter_map(|field| Some(((*field).to_owned(), former.get(*field)?.clone()))).collect()
}
