//! What the whole mesh is told about TLS, HTTP and access logs, with defaults applied.

mod access_log;
mod http;
mod tls;

use weft_state::StateView;

use crate::Notice;

pub use access_log::{AccessLog, Format, Sink};
pub use http::{EscapedSlashes, HttpRules, Underscores};
pub use tls::{TlsRules, TlsVersion};

/// The settings of the mesh.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Of connections that proxies accept.
    pub incoming: TlsRules,
    /// Of connections that proxies open.
    pub outgoing: TlsRules,
    pub http: HttpRules,
    pub access_log: Option<AccessLog>,
    pub notices: Vec<Notice>,
}

/// Reads the settings: the `mesh` entry, and the access logs of `proxy-defaults`.
#[must_use]
pub fn settings(view: &StateView<'_>) -> Settings {
    let mesh = view.mesh().unwrap_or_default();
    let mut notices = Vec::new();
    let tls = mesh.tls.clone().unwrap_or_default();
    let incoming = TlsRules::read(tls.incoming.as_ref(), "mesh TLS.Incoming", &mut notices);
    let outgoing = TlsRules::read(tls.outgoing.as_ref(), "mesh TLS.Outgoing", &mut notices);
    let access_log = view.proxy_defaults().and_then(|defaults| AccessLog::read(defaults.access_logs.as_ref()?));
    Settings { incoming, outgoing, http: HttpRules::read(&mesh), access_log, notices }
}
