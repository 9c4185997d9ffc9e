//! TLS to an agent: whom to believe and what to show, from flags and environment.

use std::path::PathBuf;
use std::sync::Arc;

use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use weft_server::client_tls::{self, Trust};

use crate::env::Env;
use crate::failure::{Failure, plain_io};

/// What goes with an address that starts with `https://`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "HTTP API options")]
pub(crate) struct TlsFlags {
    /// The authority's certificate that the agent must have one of, over https [env: CONSUL_CACERT] [default: the
    /// system's authorities]
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A directory of such certificates [env: CONSUL_CAPATH]
    #[arg(long, value_name = "DIR")]
    pub(crate) ca_path: Option<PathBuf>,
    /// The certificate to show [env: CONSUL_CLIENT_CERT]
    #[arg(long, value_name = "FILE")]
    pub(crate) client_cert: Option<PathBuf>,
    /// Its key [env: CONSUL_CLIENT_KEY]
    #[arg(long, value_name = "FILE")]
    pub(crate) client_key: Option<PathBuf>,
    /// The name that the agent's certificate must have [env: CONSUL_TLS_SERVER_NAME] [default: the address's host]
    #[arg(long, value_name = "NAME")]
    pub(crate) tls_server_name: Option<String>,
}

/// What flags and environment say together; flags win.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TlsWish {
    /// A file or a directory; `None`: the system's authorities.
    pub(crate) ca: Option<PathBuf>,
    /// A certificate and its key.
    pub(crate) own: Option<(PathBuf, PathBuf)>,
    pub(crate) server_name: Option<String>,
}

/// Ready to connect.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<rustls::ClientConfig>,
    server_name: Option<String>,
}

impl TlsFlags {
    /// What was asked for.
    ///
    /// # Errors
    /// A certificate without its key, or a key alone.
    pub(crate) fn wish(&self, env: &Env) -> Result<TlsWish, Failure> {
        let path = |flag: &Option<PathBuf>, name: &str| flag.clone().or_else(|| env.get(name).map(PathBuf::from));
        let own = match (path(&self.client_cert, "CLIENT_CERT"), path(&self.client_key, "CLIENT_KEY")) {
            (Some(cert), Some(key)) => Some((cert, key)),
            (None, None) => None,
            (Some(_), None) => return Err(Failure::new("a client certificate needs its key: give --client-key")),
            (None, Some(_)) => return Err(Failure::new("a client key needs its certificate: give --client-cert")),
        };
        Ok(TlsWish {
            ca: path(&self.ca_file, "CACERT").or_else(|| path(&self.ca_path, "CAPATH")),
            own,
            server_name: self.tls_server_name.clone().or_else(|| env.get("TLS_SERVER_NAME").map(str::to_owned)),
        })
    }
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file cannot be used, and why.
    pub(crate) fn new(wish: &TlsWish, env: &Env) -> Result<Self, Failure> {
        let trust = match env.switch("HTTP_SSL_VERIFY")? {
            Some(false) => Trust::Anyone,
            Some(true) | None => Trust::of(wish.ca.as_deref()),
        };
        let own = wish.own.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
        let config = client_tls::config(trust, own).map_err(|error| Failure::new(format!("TLS: {error:#}")))?;
        Ok(Self { config: Arc::new(config), server_name: wish.server_name.clone() })
    }

    /// Speaks TLS over `stream`.
    ///
    /// # Errors
    /// Why one side does not trust the other.
    pub(super) async fn over(&self, stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, String> {
        let name = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.to_owned()).map_err(|_| format!("{name:?} is no name of a server"))?;
        let connected = TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await;
        connected.map_err(|error| match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidMessage(_)) => "TLS is not spoken there".to_owned(),
            Some(error) => format!("TLS: {error}"),
            None => plain_io(&error),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_environment_and_a_file_over_a_directory() {
        let env = Env::from([
            ("CONSUL_CACERT", "ca"),
            ("CONSUL_CAPATH", "cas"),
            ("CONSUL_CLIENT_CERT", "cert"),
            ("WEFT_CLIENT_KEY", "key"),
            ("CONSUL_TLS_SERVER_NAME", "server.dc1.consul"),
        ]);
        let wish = TlsFlags::default().wish(&env).unwrap();
        let own = Some(("cert".into(), "key".into()));
        let expected = TlsWish { ca: Some("ca".into()), own, server_name: Some("server.dc1.consul".into()) };
        assert_eq!(wish, expected);
        let flags = TlsFlags { ca_path: Some("dir".into()), ..TlsFlags::default() };
        assert_eq!(flags.wish(&Env::from([("CONSUL_CAPATH", "cas")])).unwrap().ca, Some("dir".into()));
    }

    #[test]
    fn half_a_proof_is_refused() {
        for (name, missing) in [("CONSUL_CLIENT_CERT", "--client-key"), ("CONSUL_CLIENT_KEY", "--client-cert")] {
            let refused = TlsFlags::default().wish(&Env::from([(name, "file")])).unwrap_err();
            assert!(refused.message.contains(missing), "{refused}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named() {
        let wish = TlsWish { ca: Some("/no/such/ca.pem".into()), ..TlsWish::default() };
        let refused = Tls::new(&wish, &Env::default()).unwrap_err();
        assert!(refused.message.contains("/no/such/ca.pem"), "{refused}");
        Tls::new(&wish, &Env::from([("CONSUL_HTTP_SSL_VERIFY", "false")])).unwrap();
        assert!(Tls::new(&wish, &Env::from([("CONSUL_HTTP_SSL_VERIFY", "maybe")])).is_err());
    }
}
