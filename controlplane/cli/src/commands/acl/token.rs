//! `weft acl token`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{given, grants, legacy, show};
use crate::client::{Client, HttpFlags};
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

const NOUN: (&str, &str) = ("token", "tokens");

/// Manage tokens
#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    Clone(Clone),
    Create(Create),
    Delete(Delete),
    List(List),
    Read(Read),
    Update(Update),
}

/// Which token is meant.
#[derive(std::clone::Clone, Debug, clap::Args)]
pub(crate) struct Which {
    /// By its accessor ID, or the beginning of it
    #[arg(long, visible_alias = "id", value_name = "ID")]
    accessor_id: Option<String>,
}

impl Which {
    async fn id(&self, client: &Client) -> Result<String, Failure> {
        let given = self.accessor_id.as_deref();
        let given = given.ok_or_else(|| Failure::new("Must specify the token by --accessor-id"))?;
        given::id(client, NOUN, (Some(given), None)).await
    }
}

/// Make a token that may do what another may
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl token clone --accessor-id 59f86a9b --description 'for the new server'")]
pub(crate) struct Clone {
    #[command(flatten)]
    which: Which,
    /// What it is for [default: as the other]
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Make a token; its secret is printed now and never again
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl token create --service-identity web
  weft acl token create --policy-name readers --role-name ops --expires-ttl 8h")]
pub(crate) struct Create {
    /// Its public name [default: a random UUID]
    #[arg(long, value_name = "UUID")]
    accessor: Option<String>,
    /// Its secret: a UUID, `-` for standard input, or @FILE [default: a random one]
    #[arg(long, value_name = "UUID")]
    secret: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A role, by its ID; may be given several times
    #[arg(long, value_name = "ID")]
    role_id: Vec<String>,
    /// A role, by its name; may be given several times
    #[arg(long, value_name = "NAME")]
    role_name: Vec<String>,
    #[command(flatten)]
    grants: grants::Grants,
    /// It is of this datacenter alone
    #[arg(long)]
    local: bool,
    /// It ends after this time
    #[arg(long, value_name = "DURATION")]
    expires_ttl: Option<String>,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// End a token
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl token delete --accessor-id 59f86a9b-d3b6-166c-32a0-be4ab2f94caa")]
pub(crate) struct Delete {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    http: HttpFlags,
}

/// List tokens, without their secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl token list --format json")]
pub(crate) struct List {
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print a token
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  weft acl token read --self\n  weft acl token read --accessor-id 59f86a9b --expanded"
)]
pub(crate) struct Read {
    #[command(flatten)]
    which: Which,
    /// The token that this command sends
    #[arg(long = "self")]
    own: bool,
    /// All that it stands for as well
    #[arg(long)]
    expanded: bool,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Change what a token stands for; what is given takes the place of what there was of its sort
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl token update --accessor-id 59f86a9b --policy-name writers
  weft acl token update --accessor-id 59f86a9b --append --policy-name writers")]
pub(crate) struct Update {
    #[command(flatten)]
    which: Which,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// A role, by its ID; may be given several times
    #[arg(long, value_name = "ID")]
    role_id: Vec<String>,
    /// A role, by its name; may be given several times
    #[arg(long, value_name = "NAME")]
    role_name: Vec<String>,
    #[command(flatten)]
    grants: grants::Grants,
    /// What is given comes to what there is
    #[arg(long)]
    append: bool,
    #[command(flatten)]
    merge: Merge,
    #[command(flatten)]
    legacy: legacy::Upgrade,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// The same for one sort of what is given each.
#[derive(Debug, clap::Args)]
#[allow(clippy::struct_excessive_bools)] // flags, each of its own
struct Merge {
    /// The policies that are given come to those that there are
    #[arg(long)]
    merge_policies: bool,
    /// The roles that are given come to those that there are
    #[arg(long)]
    merge_roles: bool,
    /// The service identities that are given come to those that there are
    #[arg(long)]
    merge_service_identities: bool,
    /// The node identities that are given come to those that there are
    #[arg(long)]
    merge_node_identities: bool,
}

impl Merge {
    fn is_of(&self, field: &str) -> bool {
        match field {
            "Policies" => self.merge_policies,
            "Roles" => self.merge_roles,
            "ServiceIdentities" => self.merge_service_identities,
            "NodeIdentities" => self.merge_node_identities,
            _ => false,
        }
    }
}

impl Token {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Clone(clone) => {
                let client = clone.http.client(env)?;
                let path = format!("{}/clone", given::path("token", &clone.which.id(&client).await?));
                let body = json!({"Description": clone.description.as_deref().unwrap_or_default()});
                let made = client.put(path).json(body).fetch().await.context("Error cloning token")?;
                show::print(clone.format, &made, show::token)
            }
            Self::Create(create) => {
                let client = create.http.client(env)?;
                let made = client.put("/v1/acl/token").json(create.body()?).fetch().await;
                show::print(create.format, &made.context("Failed to create new token")?, show::token)
            }
            Self::Delete(delete) => {
                let client = delete.http.client(env)?;
                let id = delete.which.id(&client).await?;
                let gone = client.delete(given::path("token", &id)).send().await;
                gone.context(format!("Error deleting token {id:?}"))?;
                output::print(&format!("Token {id:?} deleted successfully"))?;
                Ok(DONE)
            }
            Self::List(list) => {
                let all = list.http.client(env)?.get("/v1/acl/tokens").fetch().await;
                show::print(list.format, &all.context("Failed to retrieve the token list")?, show::token)
            }
            Self::Read(read) => read.run(env).await,
            Self::Update(update) => update.run(env).await,
        }
    }
}

fn add_roles(document: &mut Map<String, Value>, ids: &[String], names: &[String]) {
    let by_id = ids.iter().map(|id| json!({"ID": id}));
    let by_name = names.iter().map(|name| json!({"Name": name}));
    grants::append(document, "Roles", by_id.chain(by_name));
}

impl Create {
    fn body(&self) -> Result<Value, Failure> {
        let mut document = Map::new();
        grants::set(&mut document, "AccessorID", self.accessor.as_deref());
        if let Some(secret) = &self.secret {
            document.insert("SecretID".to_owned(), json!(given::text(secret)?.trim()));
        }
        grants::set(&mut document, "Description", self.description.as_deref());
        grants::set(&mut document, "ExpirationTTL", self.expires_ttl.as_deref());
        document.insert("Local".to_owned(), json!(self.local));
        add_roles(&mut document, &self.role_id, &self.role_name);
        self.grants.add_to(&mut document)?;
        Ok(Value::Object(document))
    }
}

impl Read {
    async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let path = if self.own {
            "/v1/acl/token/self".to_owned()
        } else {
            given::path("token", &self.which.id(&client).await?)
        };
        let request = client.get(path);
        let request = if self.expanded { request.param("expanded", "true") } else { request };
        let found = request.fetch().await.context("Error reading token")?;
        show::print(self.format, &found, |token| {
            let policies = token["ExpandedPolicies"].as_array().into_iter().flatten().map(show::policy);
            let roles = token["ExpandedRoles"].as_array().into_iter().flatten().map(show::role);
            [show::token(token)].into_iter().chain(roles).chain(policies).collect::<Vec<_>>().join("\n")
        })
    }
}

impl Update {
    async fn run(&self, env: &Env) -> Outcome {
        self.legacy.refuse()?;
        let client = self.http.client(env)?;
        let path = given::path("token", &self.which.id(&client).await?);
        let former = client.get(&path).fetch().await.context("Error updating token")?;
        let mut given = Map::new();
        add_roles(&mut given, &self.role_id, &self.role_name);
        self.grants.add_to(&mut given)?;
        let mut document = Map::new();
        for field in
            ["Description", "Local", "Policies", "Roles", "ServiceIdentities", "NodeIdentities", "TemplatedPolicies"]
        {
            document.extend(former.get(field).map(|value| (field.to_owned(), value.clone())));
        }
        for (field, value) in given {
            match (self.append || self.merge.is_of(&field), value) {
                (true, Value::Array(items)) => grants::append(&mut document, &field, items.into_iter()),
                (_, value) => {
                    document.insert(field, value);
                }
            }
        }
        grants::set(&mut document, "Description", self.description.as_deref());
        let made = client.put(&path).json(document.into()).fetch().await.context("Error updating token")?;
        show::print(self.format, &made, show::token)
    }
}
