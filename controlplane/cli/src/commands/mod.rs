//! One module for each command, or for each group of commands.
//!
//! A command is a struct of flags with a `run`: it asks the agent, prints, and gives its exit code.

pub(crate) mod acl;
pub(crate) mod agent;
pub(crate) mod catalog;
pub(crate) mod completion;
pub(crate) mod config;
pub(crate) mod connect;
pub(crate) mod debug;
pub(crate) mod event;
pub(crate) mod exec;
pub(crate) mod force_leave;
pub(crate) mod info;
pub(crate) mod intention;
pub(crate) mod join;
pub(crate) mod keygen;
pub(crate) mod keyring;
pub(crate) mod kv;
pub(crate) mod leave;
pub(crate) mod lock;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod maint;
pub(crate) mod members;
pub(crate) mod monitor;
pub(crate) mod operator;
mod pair;
pub(crate) mod proxies;
pub(crate) mod reload;
pub(crate) mod rtt;
pub(crate) mod services;
pub(crate) mod session;
pub(crate) mod snapshot;
pub(crate) mod tls;
pub(crate) mod validate;
pub(crate) mod version;
pub(crate) mod watch;
