//! `weft acl auth-method`.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::{given, grants, show};
use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Manage auth methods: who vouches for those that have no token
#[derive(Debug, Subcommand)]
pub(crate) enum AuthMethod {
    Create(Create),
    Delete(Delete),
    List(List),
    Read(Read),
    Update(Update),
}

/// What an auth method has besides its name and type.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Fields {
    /// A name for people
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// What it is for
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Its tokens end after this time
    #[arg(long, value_name = "DURATION")]
    max_token_ttl: Option<String>,
    /// local or global
    #[arg(long, value_name = "WORD")]
    token_locality: Option<String>,
    /// Its configuration as JSON: `-` for standard input, @FILE, or itself
    #[arg(long, value_name = "JSON")]
    config: Option<String>,
    /// Kubernetes: where its API server is
    #[arg(long, value_name = "URL")]
    kubernetes_host: Option<String>,
    /// Kubernetes: the certificates of its authority, in PEM: `-`, @FILE, or themselves
    #[arg(long, value_name = "PEM")]
    kubernetes_ca_cert: Option<String>,
    /// Kubernetes: the token of the service account that may review tokens: `-`, @FILE, or itself
    #[arg(long, value_name = "JWT")]
    kubernetes_service_account_jwt: Option<String>,
}

impl Fields {
    fn set(&self, document: &mut Map<String, Value>) -> Result<(), Failure> {
        for (field, value) in [
            ("DisplayName", &self.display_name),
            ("Description", &self.description),
            ("MaxTokenTTL", &self.max_token_ttl),
            ("TokenLocality", &self.token_locality),
        ] {
            grants::set(document, field, value.as_deref());
        }
        if let Some(config) = &self.config {
            let config: Value = serde_json::from_str(&given::text(config)?).context("Error parsing the config")?;
            document.insert("Config".to_owned(), config);
        }
        for (field, value) in [
            ("Host", &self.kubernetes_host),
            ("CACert", &self.kubernetes_ca_cert),
            ("ServiceAccountJWT", &self.kubernetes_service_account_jwt),
        ] {
            if let Some(value) = value {
                let text = given::text(value)?;
                let config = document.entry("Config").or_insert_with(|| json!({}));
                config[field] = json!(if field == "CACert" { text.as_str() } else { text.trim() });
            }
        }
        Ok(())
    }
}

/// Make an auth method
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft acl auth-method create --name ci --type jwt --config @jwt.json
  weft acl auth-method create --name k8s --type kubernetes --kubernetes-host https://10.0.0.1:6443 --kubernetes-ca-cert @ca.pem --kubernetes-service-account-jwt @token")]
pub(crate) struct Create {
    /// Its name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// jwt or kubernetes
    #[arg(long = "type", value_name = "TYPE")]
    kind: String,
    #[command(flatten)]
    fields: Fields,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Remove an auth method, its binding rules and its tokens
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl auth-method delete --name ci")]
pub(crate) struct Delete {
    /// The auth method
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    http: HttpFlags,
}

/// List auth methods
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl auth-method list")]
pub(crate) struct List {
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Print an auth method, without its secrets
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl auth-method read --name ci")]
pub(crate) struct Read {
    /// The auth method
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    format: show::Look,
    #[command(flatten)]
    http: HttpFlags,
}

/// Change an auth method; what is not given stays
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft acl auth-method update --name ci --max-token-ttl 1h")]
pub(crate) struct Update {
    /// The auth method
    #[arg(long, value_name = "NAME")]
    name: String,
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

impl AuthMethod {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        match self {
            Self::Create(create) => {
                let client = create.http.client(env)?;
                let names = [("Name".to_owned(), json!(create.name)), ("Type".to_owned(), json!(create.kind))];
                let mut document = Map::from_iter(names);
                create.fields.set(&mut document)?;
                let made = client.put("/v1/acl/auth-method").json(document.into()).fetch().await;
                show::print(create.format, &made.context("Failed to create new auth method")?, show::auth_method)
            }
            Self::Delete(delete) => {
                let gone = delete.http.client(env)?.delete(given::path("auth-method", &delete.name)).send().await;
                gone.context(format!("Error deleting auth method {:?}", delete.name))?;
                output::print(&format!("Auth-method {:?} deleted successfully", delete.name))?;
                Ok(DONE)
            }
            Self::List(list) => {
                let all = list.http.client(env)?.get("/v1/acl/auth-methods").fetch().await;
                let all = all.context("Failed to retrieve the auth method list")?;
                show::print_named(list.format, &all, show::auth_method)
            }
            Self::Read(read) => {
                let found = read.http.client(env)?.get(given::path("auth-method", &read.name)).fetch().await;
                let found = found.context(format!("Error reading auth method {:?}", read.name))?;
                show::print(read.format, &found, show::auth_method)
            }
            Self::Update(update) => update.run(env).await,
        }
    }
}

impl Update {
    async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let path = given::path("auth-method", &self.name);
        let doing = format!("Error updating auth method {:?}", self.name);
        let mut document = client.get(&path).fetch().await.context(&doing)?.as_object().cloned().unwrap_or_default();
        document.retain(|field, _| !self.no_merge || ["Name", "Type"].contains(&field.as_str()));
        self.fields.set(&mut document)?;
        let made = client.put(&path).json(document.into()).fetch().await.context(&doing)?;
        show::print(self.format, &made, show::auth_method)
    }
}
