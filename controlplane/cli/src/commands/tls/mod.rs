//! `weft tls`: an authority and certificates in files, for the ports of agents and for those who speak to them.

mod ca;
mod cert;
mod files;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use rcgen::{CertificateParams, DistinguishedName, DnType, date_time_ymd};

use crate::failure::{Context, Failure, Outcome};

/// Make certificates for agents and their clients
#[derive(Debug, Subcommand)]
pub(crate) enum Tls {
    /// The authority that signs
    #[command(subcommand)]
    Ca(Ca),
    /// What it signs
    #[command(subcommand)]
    Cert(Cert),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Ca {
    Create(ca::Create),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    Create(cert::Create),
}

impl Tls {
    pub(crate) fn run(&self) -> Outcome {
        match self {
            Self::Ca(Ca::Create(create)) => create.run(),
            Self::Cert(Cert::Create(create)) => create.run(),
        }
    }
}

/// A certificate that holds for so many days from now on.
fn params(common_name: &str, days: u32) -> Result<CertificateParams, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock stands before 1970")?;
    let date = |since: Duration| date_time_ymd(1970, 1, 1) + Duration::from_secs(since.as_secs());
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date(now);
    params.not_after = date(now + Duration::from_secs(u64::from(days) * 24 * 3600));
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// Names of domains and datacenters become parts of file names.
fn plain(what: &str, text: &str) -> Result<(), Failure> {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if !text.is_empty() && text.chars().all(good) {
        return Ok(());
    }
    Err(Failure::new(format!("{what} {text:?} may hold letters, digits, -, _ and . only")))
}
