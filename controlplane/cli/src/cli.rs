//! The commands, and which module each of them is.

use clap::{Parser, Subcommand};

use crate::commands::{
    acl, agent, catalog, completion, config, connect, debug, event, exec, force_leave, info, intention, join, keygen,
    keyring, kv, leave, lock, login, logout, maint, members, monitor, operator, proxies, reload, rtt, services,
    session, snapshot, tls, validate, version, watch,
};
use crate::env::Env;
use crate::failure::{Context, Outcome};

const FIRST_STEPS: &str = "\
First steps:
  weft agent --dev                               start an agent that keeps nothing
  weft services register web.hcl                 tell it about a service and its sidecar
  weft connect envoy --sidecar-for web           run the sidecar's Envoy
  weft intention create --deny web api           cut web off from api
  weft proxies                                   see what every proxy has taken

Flags may be written with one dash or two. WEFT_HTTP_ADDR and WEFT_HTTP_TOKEN (or CONSUL_…) say
which agent to ask, and as whom. \"weft <command> --help\" has examples.";

/// A service mesh: who runs where, who may call whom, and the proxies that hold to it.
#[derive(Debug, Parser)]
#[command(name = "weft", version = concat!("v", env!("CARGO_PKG_VERSION")), disable_version_flag = true, after_help = FIRST_STEPS)]
#[command(arg_required_else_help = true, subcommand_required = true, max_term_width = 110)]
// As with Consul: of a flag that is given twice the last one counts.
#[command(args_override_self = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print the version
    #[arg(long, short = 'V', action = clap::ArgAction::Version)]
    version: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(subcommand)]
    Acl(acl::Acl),
    Agent(Box<agent::Agent>),
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    Completion(completion::Completion),
    #[command(subcommand)]
    Config(config::Config),
    #[command(subcommand)]
    Connect(connect::Connect),
    Debug(debug::Debug),
    Event(event::Event),
    Exec(exec::Exec),
    ForceLeave(force_leave::ForceLeave),
    Info(info::Info),
    #[command(subcommand)]
    Intention(intention::Intention),
    Join(join::Join),
    Keygen(keygen::Keygen),
    Keyring(keyring::Keyring),
    #[command(subcommand)]
    Kv(kv::Kv),
    Leave(leave::Leave),
    Lock(lock::Lock),
    Login(login::Login),
    Logout(logout::Logout),
    Maint(maint::Maint),
    Members(members::Members),
    Monitor(monitor::Monitor),
    #[command(subcommand)]
    Operator(operator::Operator),
    Proxies(proxies::Proxies),
    Reload(reload::Reload),
    Rtt(rtt::Rtt),
    #[command(subcommand)]
    Services(services::Services),
    #[command(subcommand)]
    Session(session::Session),
    #[command(subcommand)]
    Snapshot(snapshot::Snapshot),
    #[command(subcommand)]
    Tls(tls::Tls),
    Validate(validate::Validate),
    Version(version::Version),
    Watch(watch::Watch),
}

impl Cli {
    /// Runs the command to its end.
    pub(crate) fn run(&self, env: &Env) -> Outcome {
        match &self.command {
            Command::Acl(acl) => ask(acl.run(env)),
            Command::Agent(agent) => agent.run(),
            Command::Catalog(catalog) => ask(catalog.run(env)),
            Command::Completion(completion) => completion.run(),
            Command::Config(config) => ask(config.run(env)),
            Command::Connect(connect) => ask(connect.run(env)),
            Command::Debug(debug) => ask(debug.run(env)),
            Command::Event(event) => ask(event.run(env)),
            Command::Exec(exec) => exec.run(),
            Command::ForceLeave(force_leave) => ask(force_leave.run(env)),
            Command::Info(info) => ask(info.run(env)),
            Command::Intention(intention) => ask(intention.run(env)),
            Command::Join(join) => ask(join.run(env)),
            Command::Keygen(keygen) => keygen.run(),
            Command::Keyring(keyring) => keyring.run(),
            Command::Kv(kv) => ask(kv.run(env)),
            Command::Leave(leave) => ask(leave.run(env)),
            Command::Lock(lock) => ask(lock.run(env)),
            Command::Login(login) => ask(login.run(env)),
            Command::Logout(logout) => ask(logout.run(env)),
            Command::Maint(maint) => ask(maint.run(env)),
            Command::Members(members) => ask(members.run(env)),
            Command::Monitor(monitor) => ask(monitor.run(env)),
            Command::Operator(operator) => ask(operator.run(env)),
            Command::Proxies(proxies) => ask(proxies.run(env)),
            Command::Reload(reload) => ask(reload.run(env)),
            Command::Rtt(rtt) => ask(rtt.run(env)),
            Command::Services(services) => ask(services.run(env)),
            Command::Session(session) => ask(session.run(env)),
            Command::Snapshot(snapshot) => ask(snapshot.run(env)),
            Command::Tls(tls) => tls.run(),
            Command::Validate(validate) => validate.run(),
            Command::Version(version) => version.run(),
            Command::Watch(watch) => ask(watch.run(env)),
        }
    }
}

/// Runs a command that asks an agent something. An agent itself makes a runtime of its own.
fn ask(command: impl Future<Output = Outcome>) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start")?.block_on(command)
}

#[cfg(test)]
mod tests {
    use clap::{ArgAction, Command, CommandFactory};

    use super::*;
    use crate::argv;

    fn leaves(command: &Command) -> Vec<&Command> {
        let below: Vec<_> = command.get_subcommands().flat_map(leaves).collect();
        if below.is_empty() { vec![command] } else { below }
    }

    #[test]
    fn the_tree_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_says_what_it_does_and_shows_examples() {
        for command in leaves(&Cli::command()) {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name}");
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(examples.starts_with("Examples:\n  weft "), "{name}: {examples}");
        }
    }

    #[test]
    fn a_flag_without_a_value_has_none_in_any_command() {
        let command = Cli::command();
        let switches = argv::switches(&command);
        for command in leaves(&command) {
            let valued =
                command.get_arguments().filter(|arg| matches!(arg.get_action(), ArgAction::Set | ArgAction::Append));
            for name in valued.filter_map(|arg| arg.get_long()) {
                assert!(!switches.contains(name), "--{name} of {}", command.get_name());
            }
        }
    }
}
