//! `weft watch`: what is there now, or a command with every change of it.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use clap::ArgAction;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::sleep;

use crate::client::{Client, ClientError, HttpFlags, Request, key, segment};
use crate::env::Env;
use crate::failure::{Context, DONE, FAILED, Failure, Outcome};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft watch --type service --service web                   the instances of web, once
  weft watch --type key --key config/web ./reload-web.sh    runs it now and with every change, JSON on its input
  weft watch --type checks --state critical ./page.sh";

/// How long one look may wait for news.
const WAIT: Duration = Duration::from_secs(300);

/// The pause after a failure, and what it grows to.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Print what there is, or run a command with every change of it
///
/// The command gets the JSON on its standard input, and CONSUL_INDEX in its environment. When it fails, the
/// watch ends.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, trailing_var_arg = true)]
pub(crate) struct Watch {
    /// key, keyprefix, services, nodes, service, checks or event
    #[arg(long = "type", value_name = "TYPE", default_value = "", hide_default_value = true)]
    kind: String,
    /// Of the type key
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Of the type keyprefix
    #[arg(long, value_name = "PREFIX")]
    prefix: Option<String>,
    /// Of the types service and checks
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Of the type service: instances with this tag; may be given more than once
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// Of the type service: instances whose checks pass
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value_t = false,
        default_missing_value = "true", action = ArgAction::Set)]
    passingonly: bool,
    /// Of the type checks: those in this state
    #[arg(long, value_name = "STATE")]
    state: Option<String>,
    /// Of the type event
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Run the command by a shell, $SHELL or /bin/sh
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value_t = true,
        default_missing_value = "true", action = ArgAction::Set)]
    shell: bool,
    /// The command
    #[arg(value_name = "COMMAND", allow_hyphen_values = true)]
    child: Vec<String>,
    #[command(flatten)]
    http: HttpFlags,
}

/// What is looked at.
struct View {
    path: String,
    params: Vec<(&'static str, String)>,
    /// The answer is a list, of which one is meant.
    single: bool,
}

impl Watch {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let view = self.view()?;
        let client = self.http.client(env)?;
        let (mut index, mut found) = view.look(&client, 0).await.context("Error querying agent")?;
        if self.child.is_empty() {
            output::print_json(&found)?;
            return Ok(DONE);
        }
        loop {
            if !self.handle(env, index, &found).await?.success() {
                return Ok(FAILED);
            }
            (index, found) = view.change(&client, index, &found).await;
        }
    }

    fn view(&self) -> Result<View, Failure> {
        let of = |path: String| View { path, params: Vec::new(), single: false };
        let given = |value: &Option<String>, what: &str| {
            let value = value.clone().filter(|value| !value.is_empty());
            value.ok_or_else(|| Failure::new(format!("Must specify a single {what} to watch")))
        };
        Ok(match self.kind.as_str() {
            "" => return Err(Failure::new("Watch type must be specified")),
            "key" => View { single: true, ..of(format!("/v1/kv/{}", key(&given(&self.key, "key")?))) },
            "keyprefix" => {
                let path = format!("/v1/kv/{}", key(&given(&self.prefix, "prefix")?));
                View { params: vec![("recurse", String::new())], ..of(path) }
            }
            "services" => of("/v1/catalog/services".to_owned()),
            "nodes" => of("/v1/catalog/nodes".to_owned()),
            "service" => {
                let path = format!("/v1/health/service/{}", segment(&given(&self.service, "service")?));
                let tags = self.tag.iter().map(|tag| ("tag", tag.clone()));
                let passing = self.passingonly.then(|| ("passing", "1".to_owned()));
                View { params: tags.chain(passing).collect(), ..of(path) }
            }
            "checks" => match (&self.service, &self.state) {
                (Some(_), Some(_)) => return Err(Failure::new("Cannot specify service and state")),
                (Some(service), None) => of(format!("/v1/health/checks/{}", segment(service))),
                (None, state) => of(format!("/v1/health/state/{}", segment(state.as_deref().unwrap_or("any")))),
            },
            "event" => {
                let name = self.name.iter().map(|name| ("name", name.clone()));
                View { params: name.collect(), ..of("/v1/event/list".to_owned()) }
            }
            other => return Err(Failure::new(format!("Unsupported watch type: {other}"))),
        })
    }

    async fn handle(&self, env: &Env, index: u64, found: &Value) -> Result<ExitStatus, Failure> {
        let mut command = if self.shell {
            let mut shell = Command::new(env.plain("SHELL").unwrap_or("/bin/sh"));
            shell.arg("-c").arg(self.child.join(" "));
            shell
        } else {
            let mut command = Command::new(&self.child[0]);
            command.args(&self.child[1..]);
            command
        };
        let started = command.env("CONSUL_INDEX", index.to_string()).stdin(Stdio::piped()).kill_on_drop(true).spawn();
        let mut child = started.context("Error executing handler")?;
        if let Some(mut input) = child.stdin.take() {
            // A command need not read what it is given.
            drop(input.write_all(format!("{found}\n").as_bytes()).await);
        }
        child.wait().await.context("Error executing handler")
    }
}

impl View {
    /// What there is after `index`, and its own index.
    async fn look(&self, client: &Client, index: u64) -> Result<(u64, Value), ClientError> {
        let request = client.get(&self.path);
        let params = self.params.iter();
        let request = params.fold(request, |request: Request<'_>, (name, value)| request.param(name, value));
        let request = if index == 0 { request } else { request.param("index", &index.to_string()).wait(WAIT) };
        match request.send().await {
            Ok(answer) => {
                let found = answer.json()?;
                let found = if self.single { found.get(0).cloned().unwrap_or_default() } else { found };
                Ok((answer.index(), found))
            }
            // That there is nothing is an answer, with an index of its own.
            Err(ClientError::Status { status: http::StatusCode::NOT_FOUND, index, .. }) if index > 0 => {
                Ok((index, Value::Null))
            }
            Err(error) => Err(error),
        }
    }

    /// Waits until there is something else than `former`.
    async fn change(&self, client: &Client, mut index: u64, former: &Value) -> (u64, Value) {
        let mut pause = RETRY.0;
        loop {
            match self.look(client, index).await {
                Ok((seen, found)) => {
                    pause = RETRY.0;
                    // An index that goes back belongs to another state: what is there now is asked for anew.
                    index = if seen < index { 0 } else { seen };
                    if found != *former {
                        return (seen, found);
                    }
                }
                Err(error) => {
                    eprintln!("Error querying agent: {error}; trying again in {} s", pause.as_secs());
                    sleep(pause).await;
                    pause = (pause * 2).min(RETRY.1);
                }
            }
        }
    }
}
