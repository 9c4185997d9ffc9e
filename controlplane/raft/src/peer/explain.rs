//! What a failed TLS handshake means to whoever runs the servers. Read at both ends.

// The lists of what can go wrong belong to others, and are long.
#![allow(clippy::wildcard_enum_match_arm)]

use std::io;

use rustls::{AlertDescription, CertificateError, Error};

/// Why a handshake failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// One end does not trust the other; trying again will not help.
    Distrust(String),
    /// Anything else.
    Broken(String),
}

impl Trouble {
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Distrust(text) | Self::Broken(text) => text,
        }
    }
}

pub(super) fn explain(error: &io::Error) -> Trouble {
    let Some(cause) = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>()) else {
        return Trouble::Broken(match error.kind() {
            io::ErrorKind::UnexpectedEof => "the other end closed the connection during the handshake".to_owned(),
            _ => error.to_string(),
        });
    };
    distrust(cause).map_or_else(|| Trouble::Broken(broken(cause)), Trouble::Distrust)
}

/// Why two agents of one cluster do not trust each other.
const OTHER_SECRET: &str = "the join secret (encrypt), or the CA of ca_file, is not the same on both; a server that was \
                            started alone and without either lets nobody in";

fn distrust(cause: &Error) -> Option<String> {
    if let Error::InvalidCertificate(fault) = cause {
        return Some(certificate(fault));
    }
    if let Error::NoCertificatesPresented = cause {
        return Some("the other end shows no certificate: it is no server or client agent".to_owned());
    }
    let Error::AlertReceived(alert) = cause else { return None };
    let text = match *alert {
        AlertDescription::UnknownCA | AlertDescription::DecryptError => {
            return Some(format!("the other end does not trust the CA of this server's certificate: {OTHER_SECRET}"));
        }
        AlertDescription::CertificateExpired => {
            "the other end finds that this server's certificate is expired or not valid yet: set the clocks, or renew \
             cert_file"
        }
        AlertDescription::CertificateUnknown | AlertDescription::BadCertificate | AlertDescription::AccessDenied => {
            "the other end does not take this server's certificate for that of a server of its datacenter: mend \
             --datacenter, --retry-join or cert_file"
        }
        AlertDescription::CertificateRequired => "the other end wants a certificate of this server",
        AlertDescription::UnsupportedCertificate => {
            "the other end wants a certificate for this use (extended key usage)"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

fn certificate(fault: &CertificateError) -> String {
    match fault {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            format!("the other end's certificate is of another CA: {OTHER_SECRET}")
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the other end's certificate is expired: renew it, or set the clocks".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the other end's certificate is not valid yet: set the clocks".to_owned()
        }
        CertificateError::Other(reason) => format!("the other end's certificate is refused: {}", reason.0),
        other => format!("the other end's certificate is refused: {other}"),
    }
}

fn broken(cause: &Error) -> String {
    match cause {
        Error::InvalidMessage(_) => {
            "the other end does not speak TLS: is it the servers' port of a weft server?".into()
        }
        Error::PeerIncompatible(why) => format!("the other end does not speak TLS 1.3 as servers do: {why:?}"),
        other => other.to_string(),
    }
}
