//! `weft tls ca create`.

use rcgen::{BasicConstraints, GeneralSubtree, IsCa, KeyPair, KeyUsagePurpose, NameConstraints};

use super::files::{self, Readers};
use super::{params, plain};
use crate::failure::{Context, DONE, Outcome};
use crate::output;

const EXAMPLES: &str = "\
Examples:
  weft tls ca create                                   consul-agent-ca.pem and consul-agent-ca-key.pem
  weft tls ca create --days 3650 --name-constraint --additional-name-constraint internal.example";

/// Make an authority: a certificate, and the key that signs
///
/// Whoever has the key can be a server: keep it off the machines that run agents.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Create {
    /// What names in DNS end with; names the files, and may be certified where names are constrained
    #[arg(long, value_name = "NAME", default_value = "consul")]
    domain: String,
    /// How long it holds
    #[arg(long, value_name = "DAYS", default_value_t = 1825, value_parser = clap::value_parser!(u32).range(1..=36500))]
    days: u32,
    /// Let it certify localhost and names of the domain only
    #[arg(long)]
    name_constraint: bool,
    /// Names that it may certify besides; may be given more than once
    #[arg(long, value_name = "NAME", requires = "name_constraint")]
    additional_name_constraint: Vec<String>,
}

impl Create {
    pub(crate) fn run(&self) -> Outcome {
        plain("--domain", &self.domain)?;
        let (cert, key) = (format!("{}-agent-ca.pem", self.domain), format!("{}-agent-ca-key.pem", self.domain));
        // Neither is written where one of them cannot be.
        if let Some(name) = [&cert, &key].into_iter().find(|name| files::is_there(name)) {
            return Err(files::exists(name));
        }
        let pair = KeyPair::generate().context("cannot make a key")?;
        let mut params = params(&format!("Weft Agent CA {:x}", rand::random::<u64>()), self.days)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        if self.name_constraint {
            let names = self.additional_name_constraint.iter().chain([&self.domain]).cloned();
            let permitted = names.chain(["localhost".to_owned()]).map(GeneralSubtree::DnsName).collect();
            params.name_constraints =
                Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
        }
        let certificate = params.self_signed(&pair).context("cannot make the certificate")?;
        files::create(&cert, &certificate.pem(), Readers::All)?;
        output::print(&format!("==> Saved {cert}"))?;
        files::create(&key, &pair.serialize_pem(), Readers::Owner)?;
        output::print(&format!("==> Saved {key}"))?;
        Ok(DONE)
    }
}
