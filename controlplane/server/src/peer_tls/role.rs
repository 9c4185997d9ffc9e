//! What a server's certificate must say, and what it must not; and what a client agent's does.

use rustls::pki_types::CertificateDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

const SCHEME: &str = "weft://";

/// The role that an end of the link must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Role {
    datacenter: String,
    party: Party,
    /// `server.<datacenter>.<domain>`, as Consul's `verify_server_hostname` wants it, or `client.` likewise.
    name: String,
    number: Number,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Party {
    Server,
    /// It may ask servers, and is none.
    Client,
}

impl Party {
    fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
        }
    }
}

/// Whether a certificate names its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Number {
    /// Operators' certificates need not.
    Optional,
    Required,
    Is(u64),
}

impl Role {
    pub(super) fn new(datacenter: &str, domain: &str) -> Self {
        Self::of(Party::Server, datacenter, domain)
    }

    /// The role of client agents.
    pub(super) fn client(datacenter: &str, domain: &str) -> Self {
        Self::of(Party::Client, datacenter, domain)
    }

    fn of(party: Party, datacenter: &str, domain: &str) -> Self {
        let name = format!("{}.{datacenter}.{domain}", party.as_str());
        Self { datacenter: datacenter.to_owned(), party, name, number: Number::Optional }
    }

    /// The role of this one server.
    pub(super) fn numbered(self, raft_id: u64) -> Self {
        Self { number: Number::Is(raft_id), ..self }
    }

    /// The role of any server that has a number.
    pub(super) fn every_number(self) -> Self {
        Self { number: Number::Required, ..self }
    }

    pub(super) fn is_client(&self) -> bool {
        self.party == Party::Client
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The identity of a server with a number.
    pub(super) fn uri(&self) -> Option<String> {
        let Number::Is(id) = self.number else { return None };
        Some(format!("{SCHEME}{}/server/{id}", self.datacenter))
    }

    /// # Errors
    /// What the certificate lacks, or says too much.
    pub(super) fn check(&self, certificate: &CertificateDer<'_>) -> Result<(), String> {
        let Names { dns, uris } = Names::read(certificate).ok_or("it cannot be read")?;
        if let Some(spiffe) = uris.iter().find(|uri| uri.starts_with("spiffe://")) {
            return Err(format!("it belongs to the mesh ({spiffe}), not to a {}", self.party.as_str()));
        }
        if !dns.iter().any(|name| name.eq_ignore_ascii_case(&self.name)) {
            let found = if dns.is_empty() { "none".to_owned() } else { dns.join(", ") };
            return Err(format!(
                "it is not that of a {} of datacenter {:?}: it must name {}, and names {found} (mend --datacenter, \
                 --retry-join or cert_file)",
                self.party.as_str(),
                self.datacenter,
                self.name
            ));
        }
        let foreign = uris.iter().find(|uri| number(uri).is_none_or(|(datacenter, _)| datacenter != self.datacenter));
        match (foreign, uris.is_empty(), self.number) {
            (Some(uri), ..) => Err(format!("it names {uri}, which is no server of datacenter {:?}", self.datacenter)),
            (None, true, Number::Required | Number::Is(_)) => Err("it does not name its server".to_owned()),
            (None, true, Number::Optional) | (None, false, _) => Ok(()),
        }
    }
}

/// The server that a certificate was issued to.
pub(super) fn owner(certificate: &CertificateDer<'_>) -> Option<u64> {
    let names = Names::read(certificate)?;
    names.uris.iter().find_map(|uri| number(uri)).map(|(_, id)| id)
}

fn number(uri: &str) -> Option<(&str, u64)> {
    let (datacenter, id) = uri.strip_prefix(SCHEME)?.split_once("/server/")?;
    Some((datacenter, id.parse().ok()?))
}

struct Names {
    dns: Vec<String>,
    uris: Vec<String>,
}

impl Names {
    fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
        let mut names = Self { dns: Vec::new(), uris: Vec::new() };
        let Some(extension) = certificate.subject_alternative_name().ok()? else { return Some(names) };
        for name in &extension.value.general_names {
            if let GeneralName::DNSName(name) = name {
                names.dns.push((*name).to_owned());
            } else if let GeneralName::URI(uri) = name {
                names.uris.push((*uri).to_owned());
            }
        }
        Some(names)
    }
}
