//! `weft tls cert create`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use clap::ArgAction;
use rcgen::string::Ia5String;
use rcgen::{ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};
use weft_server::client_tls;

use super::files::{self, Readers};
use super::{params, plain};
use crate::failure::{Context, DONE, Failure, Outcome, plain_io};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft tls cert create --server --node s1 --additional-ipaddress 10.0.0.1       for a server, with its address
  weft tls cert create --client                                                for an agent or a sidecar
  weft tls cert create --cli                                                   for the command line";

const WARNING: &str = "\
==> WARNING: Server Certificates grants authority to become a
    server and access all state in the cluster including root keys
    and all ACL tokens. Do not distribute them to production hosts
    that are not server nodes. Store them as securely as CA keys.";

/// Make a certificate of the authority of "weft tls ca create", and its key
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Create {
    /// For a server: it names server.DATACENTER.DOMAIN
    #[arg(long)]
    server: bool,
    /// For a client: it names client.DATACENTER.DOMAIN
    // With a value that may be left out, because elsewhere a flag of this name has one.
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", action = ArgAction::Set)]
    #[arg(default_value_t = false, hide_default_value = true, hide_possible_values = true, value_name = "BOOL")]
    client: bool,
    /// For the command line: it names cli.DATACENTER.DOMAIN
    #[arg(long)]
    cli: bool,
    /// The authority's certificate [default: DOMAIN-agent-ca.pem]
    #[arg(long, value_name = "FILE")]
    ca: Option<String>,
    /// The authority's key [default: DOMAIN-agent-ca-key.pem]
    #[arg(long, value_name = "FILE")]
    key: Option<String>,
    /// How long it holds
    #[arg(long, value_name = "DAYS", default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: u32,
    /// The datacenter
    #[arg(long, value_name = "NAME", default_value = "dc1")]
    dc: String,
    /// What names in DNS end with
    #[arg(long, value_name = "NAME", default_value = "consul")]
    domain: String,
    /// With --server, names NODE.server.DATACENTER.DOMAIN too
    #[arg(long, value_name = "NODE")]
    node: Option<String>,
    /// Another name beside localhost; may be given more than once
    #[arg(long, value_name = "NAME")]
    additional_dnsname: Vec<String>,
    /// Another address beside 127.0.0.1; may be given more than once
    #[arg(long, value_name = "IP")]
    additional_ipaddress: Vec<String>,
}

/// Whom a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Server,
    Client,
    Cli,
}

impl Holder {
    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Cli => "cli",
        }
    }

    /// Agents are at either end of their connections.
    fn purposes(self) -> Vec<ExtendedKeyUsagePurpose> {
        match self {
            Self::Server | Self::Client => {
                vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth]
            }
            Self::Cli => vec![ExtendedKeyUsagePurpose::ClientAuth],
        }
    }
}

impl Create {
    pub(crate) fn run(&self) -> Outcome {
        let holder = self.holder()?;
        plain("--domain", &self.domain)?;
        plain("--dc", &self.dc)?;
        let names = self.names(holder)?;
        let ca = self.ca.clone().unwrap_or_else(|| format!("{}-agent-ca.pem", self.domain));
        let ca_key = self.key.clone().unwrap_or_else(|| format!("{}-agent-ca-key.pem", self.domain));
        if holder == Holder::Server {
            output::print(WARNING)?;
        }
        let issuer = issuer(&ca, &ca_key)?;
        output::print(&format!("==> Using {ca} and {ca_key}"))?;

        let pair = KeyPair::generate().context("cannot make a key")?;
        let mut params = params(&self.own_name(holder), self.days)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        params.extended_key_usages = holder.purposes();
        params.subject_alt_names = names;
        let certificate = params.signed_by(&pair, &issuer).context("cannot sign the certificate")?;
        let (cert, key) = self.free_names(holder);
        files::create(&cert, &certificate.pem(), Readers::All)?;
        output::print(&format!("==> Saved {cert}"))?;
        files::create(&key, &pair.serialize_pem(), Readers::Owner)?;
        output::print(&format!("==> Saved {key}"))?;
        Ok(DONE)
    }

    fn holder(&self) -> Result<Holder, Failure> {
        let holder = match (self.server, self.client, self.cli) {
            (true, false, false) => Holder::Server,
            (false, true, false) => Holder::Client,
            (false, false, true) => Holder::Cli,
            _ => return Err(Failure::new("Please provide either -server, -client, or -cli")),
        };
        if self.node.is_some() && holder != Holder::Server {
            return Err(Failure::new("-node requires -server"));
        }
        Ok(holder)
    }

    fn own_name(&self, holder: Holder) -> String {
        format!("{}.{}.{}", holder.name(), self.dc, self.domain)
    }

    fn names(&self, holder: Holder) -> Result<Vec<SanType>, Failure> {
        let own = self.own_name(holder);
        let node = self.node.as_ref().map(|node| format!("{node}.{own}"));
        let names = self.additional_dnsname.iter().cloned().chain(node).chain([own, "localhost".to_owned()]);
        let mut all = Vec::new();
        for name in names {
            let text = Ia5String::try_from(name.as_str()).map_err(|_| Failure::new(format!("{name:?} is no name")))?;
            all.push(SanType::DnsName(text));
        }
        for address in &self.additional_ipaddress {
            let address: IpAddr = address.parse().map_err(|_| Failure::new(format!("{address:?} is no IP address")))?;
            all.push(SanType::IpAddress(address));
        }
        if holder != Holder::Cli {
            all.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        }
        Ok(all)
    }

    /// The first number that is free for both files.
    fn free_names(&self, holder: Holder) -> (String, String) {
        let stem = |number: u32| format!("{}-{}-{}-{number}", self.dc, holder.name(), self.domain);
        let mut pairs = (0..).map(|number| (format!("{}.pem", stem(number)), format!("{}-key.pem", stem(number))));
        let free = |(cert, key): &(String, String)| !files::is_there(cert) && !files::is_there(key);
        pairs.find(free).unwrap_or_else(|| (format!("{}.pem", stem(0)), format!("{}-key.pem", stem(0))))
    }
}

fn issuer(ca: &str, key: &str) -> Result<Issuer<'static, KeyPair>, Failure> {
    let read = |what: &str, file: &str| {
        fs::read_to_string(file)
            .map_err(|error| Failure::new(format!("Error reading {what}: {file}: {}", plain_io(&error))))
    };
    let (certificate, private) = (read("CA", ca)?, read("CA key", key)?);
    client_tls::check_pair(Path::new(ca), Path::new(key)).map_err(|error| Failure::new(format!("{error:#}")))?;
    // What is wrong with a key is not said in detail: it could show the key.
    let pair = KeyPair::from_pem(&private).map_err(|_| Failure::new(format!("{key}: its key cannot be used")))?;
    Issuer::from_ca_cert_pem(&certificate, pair).context(ca)
}
