//! The block `tls`, and its keys' former places at the top: from what was said to what each port goes by.

use std::path::PathBuf;

use serde_json::Value;
use weft_model::Faults;

use super::draft::{Draft, TlsDraft};
use super::{CertificateFiles, Endpoint, Port, read};

/// How a port for clients is secured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    pub cert: PathBuf,
    pub key: PathBuf,
    /// Only clients with a certificate of this authority come in; `None`: anyone does.
    pub clients_of: Option<PathBuf>,
    pub min_version: TlsVersion,
}

/// The least version of TLS that is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    #[default]
    V1_2,
    V1_3,
}

/// The least version; older ones than these are broken and not spoken at all.
pub(super) fn version(value: &Value) -> Result<TlsVersion, String> {
    match read::text(value)?.to_ascii_lowercase().as_str() {
        "tlsv1_2" | "tls12" | "tls_auto" | "" => Ok(TlsVersion::V1_2),
        "tlsv1_3" | "tls13" => Ok(TlsVersion::V1_3),
        other => Err(format!("{other:?} is neither TLSv1_2 nor TLSv1_3")),
    }
}

/// How the port of this block is secured, where it is open.
pub(super) fn port(
    name: &str,
    own: &TlsDraft,
    draft: &Draft,
    at: Endpoint,
    faults: &mut Faults,
) -> Option<TlsSettings> {
    if at.port == Port::Off {
        return None;
    }
    let general = &draft.tls;
    let (cert, key) = (pick(&own.cert, &general.cert), pick(&own.key, &general.key));
    for (file, given) in [("cert_file", &cert), ("key_file", &key)] {
        if given.is_none() {
            faults.say(format!(
                "ports.{name} is open and {file} is missing: set it in tls.{} or tls.defaults",
                block(name)
            ));
        }
    }
    let clients_of = if own.verify_incoming.or(general.verify_incoming) == Some(true) {
        let ca = authorities(own).or_else(|| authorities(general));
        if ca.is_none() {
            faults.say(format!("tls.{}: verify_incoming is set and there is no ca_file or ca_path", block(name)));
        }
        ca
    } else {
        None
    };
    let min_version = own.min_version.or(general.min_version).unwrap_or_default();
    Some(TlsSettings { cert: cert?, key: key?, clients_of, min_version })
}

/// Whether there are certificates with which this port could be opened.
pub(super) fn has_certificate(own: &TlsDraft, general: &TlsDraft) -> bool {
    pick(&own.cert, &general.cert).is_some() && pick(&own.key, &general.key).is_some()
}

fn block(name: &str) -> &str {
    name.trim_end_matches("_tls")
}

/// What servers prove themselves with: all three files or none.
pub(super) fn servers(draft: &Draft, faults: &mut Faults) -> Option<CertificateFiles> {
    let (own, general) = (&draft.internal_tls, &draft.tls);
    if general.verify_incoming == Some(false) && own.verify_incoming != Some(true) {
        faults.say("verify_incoming = false: servers always verify each other; say it in tls.https and tls.grpc");
    }
    let ca = authorities(own).or_else(|| authorities(general));
    let (cert, key) = (pick(&own.cert, &general.cert), pick(&own.key, &general.key));
    match (ca, cert, key) {
        (Some(ca), Some(cert), Some(key)) => Some(CertificateFiles { ca, cert, key }),
        (None, None, None) => None,
        // It says whom the other ports believe.
        (Some(_), None, None) if authorities(own).is_none() && others_have_their_own(draft) => None,
        (ca, cert, key) => {
            for (name, file) in [("ca_file", ca), ("cert_file", cert), ("key_file", key)] {
                if file.is_none() {
                    faults
                        .say(format!("tls: {name} is missing: servers need ca_file, cert_file and key_file, or none"));
                }
            }
            None
        }
    }
}

fn others_have_their_own(draft: &Draft) -> bool {
    draft.https_tls.cert.is_some() || draft.grpc_tls.cert.is_some()
}

/// As with Consul, the file goes before the directory.
fn authorities(tls: &TlsDraft) -> Option<PathBuf> {
    pick(&tls.ca, &tls.ca_path)
}

fn pick(own: &Option<PathBuf>, other: &Option<PathBuf>) -> Option<PathBuf> {
    own.clone().or_else(|| other.clone())
}
