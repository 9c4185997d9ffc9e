//! The flags that every command with a request has, and what stands in for them in the environment.

use std::fs;

use weft_model::secret::Secret;

use super::tls::{Tls, TlsFlags, TlsWish};
use super::{Address, Client, HTTP, Security};
use crate::env::Env;
use crate::failure::{Context, Failure};

const DEFAULT_HOST: &str = "127.0.0.1";

/// Whom to ask, and as whom.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "HTTP API options")]
pub(crate) struct HttpFlags {
    /// The agent's HTTP address; over TLS with https:// [env: WEFT_HTTP_ADDR, CONSUL_HTTP_ADDR] [default: 127.0.0.1:8500]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) http_addr: Option<String>,
    /// The ACL token to send [env: WEFT_HTTP_TOKEN, CONSUL_HTTP_TOKEN]
    #[arg(long, value_name = "TOKEN")]
    token: Option<Secret>,
    /// A file that holds the ACL token [env: WEFT_HTTP_TOKEN_FILE, CONSUL_HTTP_TOKEN_FILE]
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    token_file: Option<String>,
    /// The datacenter to ask [default: the agent's own]
    #[arg(long, value_name = "NAME")]
    datacenter: Option<String>,
    /// Let any server answer: quicker, and perhaps a little late
    #[arg(long)]
    stale: bool,
    /// Taken for Consul's sake: there is one namespace
    #[arg(long, value_name = "NAME", hide = true)]
    namespace: Option<String>,
    #[command(flatten)]
    // In a box, because every command has these and few are given them.
    tls: Box<TlsFlags>,
}

impl HttpFlags {
    /// A client for the agent that flags and environment name; flags win.
    ///
    /// # Errors
    /// The address is none, the token file cannot be read, or another namespace is wanted.
    pub(crate) fn client(&self, env: &Env) -> Result<Client, Failure> {
        if let Some(other) = self.namespace.as_deref().filter(|name| *name != "default") {
            return Err(Failure::new(format!("--namespace {other:?}: there is one namespace, \"default\"")));
        }
        let security = if env.switch("HTTP_SSL")? == Some(true) { Security::Tls } else { Security::Plain };
        let address = self.http_addr.as_deref().or_else(|| env.get("HTTP_ADDR")).unwrap_or(DEFAULT_HOST);
        let address = Address::parse(address, "HTTP address", HTTP, security)?;
        let tls = if address.is_secure() { Some(Tls::new(&self.tls(env)?, env)?) } else { None };
        let (token, datacenter) = (self.token(env)?, self.datacenter.clone());
        Ok(Client { address, tls, token, datacenter, stale: self.stale })
    }

    /// Whom to believe over TLS, and what to show.
    ///
    /// # Errors
    /// A certificate without its key, or a key alone.
    pub(crate) fn tls(&self, env: &Env) -> Result<TlsWish, Failure> {
        self.tls.wish(env)
    }

    fn token(&self, env: &Env) -> Result<Option<Secret>, Failure> {
        if let Some(token) = &self.token {
            return Ok(Some(token.clone()));
        }
        let file = self.token_file.as_deref().or_else(|| env.get("HTTP_TOKEN_FILE"));
        match (file, env.get("HTTP_TOKEN")) {
            (Some(_), Some(token)) if self.token_file.is_none() => Ok(Some(token.into())),
            (Some(file), _) => {
                let token = fs::read_to_string(file).context(format!("cannot read the token file {file}"))?;
                Ok(Some(token.trim().into()))
            }
            (None, token) => Ok(token.map(Secret::from)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_default() {
        let env = Env::from([("CONSUL_HTTP_ADDR", "10.0.0.1:1"), ("WEFT_HTTP_TOKEN", "t")]);
        let client = HttpFlags::default().client(&env).unwrap();
        assert_eq!((client.address.to_string().as_str(), client.token()), ("10.0.0.1:1", Some(&"t".into())));
        let flags = HttpFlags { http_addr: Some("a:2".into()), token: Some("u".into()), ..HttpFlags::default() };
        let client = flags.client(&env).unwrap();
        assert_eq!((client.address.to_string().as_str(), client.token()), ("a:2", Some(&"u".into())));
        assert_eq!(HttpFlags::default().client(&Env::default()).unwrap().address.to_string(), "127.0.0.1:8500");
    }

    #[test]
    fn a_token_file_is_read_and_trimmed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "secret\n").unwrap();
        let path = file.path().to_str().unwrap();
        let client = HttpFlags::default().client(&Env::from([("CONSUL_HTTP_TOKEN_FILE", path)])).unwrap();
        assert_eq!(client.token(), Some(&"secret".into()));
        assert!(!format!("{client:?}").contains("secret"));
        assert!(HttpFlags::default().client(&Env::from([("WEFT_HTTP_TOKEN_FILE", "/no/such")])).is_err());
    }
}
