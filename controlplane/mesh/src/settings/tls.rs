//! TLS versions and cipher suites of one direction.

use weft_model::config_entry::TlsDirection;

use crate::Notice;

/// A TLS version that weft speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    V1_2,
    #[default]
    V1_3,
}

/// What may be negotiated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsRules {
    pub min: TlsVersion,
    pub max: TlsVersion,
    /// OpenSSL's names, for TLS 1.2; empty: the proxy's own choice.
    pub ciphers: Vec<&'static str>,
}

impl Default for TlsRules {
    /// TLS 1.3 and nothing else.
    fn default() -> Self {
        Self { min: TlsVersion::V1_3, max: TlsVersion::V1_3, ciphers: Vec::new() }
    }
}

/// Cipher suites by their IANA names, as configuration has them, and by OpenSSL's.
const CIPHERS: [(&str, &str); 6] = [
    ("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "ECDHE-ECDSA-AES256-GCM-SHA384"),
    ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
    ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "ECDHE-RSA-AES128-GCM-SHA256"),
    ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
    ("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-RSA-CHACHA20-POLY1305"),
];

impl TlsRules {
    /// The rules of a direction. What is older than TLS 1.2, or a weak cipher, is not used.
    #[must_use]
    pub fn read(direction: Option<&TlsDirection>, about: &str, notices: &mut Vec<Notice>) -> Self {
        let Some(direction) = direction else { return Self::default() };
        let min = version(&direction.tls_min_version, about, notices);
        let max = version(&direction.tls_max_version, about, notices).unwrap_or_default();
        Self { min: min.unwrap_or_default().min(max), max, ciphers: ciphers(&direction.cipher_suites, about, notices) }
    }
}

fn version(name: &str, about: &str, notices: &mut Vec<Notice>) -> Option<TlsVersion> {
    match name {
        "TLSv1_3" => Some(TlsVersion::V1_3),
        "TLSv1_2" => Some(TlsVersion::V1_2),
        "TLSv1_0" | "TLSv1_1" => {
            notices.push(Notice::new(about, format!("{name} is not spoken; TLSv1_2 is used instead")));
            Some(TlsVersion::V1_2)
        }
        _ => None,
    }
}

fn ciphers(names: &[String], about: &str, notices: &mut Vec<Notice>) -> Vec<&'static str> {
    let mut known = Vec::new();
    for name in names {
        match CIPHERS.iter().find(|(iana, openssl)| name == iana || name == openssl) {
            Some((_, openssl)) => known.push(*openssl),
            None => notices.push(Notice::new(about, format!("cipher suite {name:?} is not offered; it is left out"))),
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(min: &str, max: &str, ciphers: &[&str]) -> (TlsRules, usize) {
        let direction = TlsDirection {
            tls_min_version: min.into(),
            tls_max_version: max.into(),
            cipher_suites: ciphers.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut notices = Vec::new();
        let rules = TlsRules::read(Some(&direction), "mesh", &mut notices);
        (rules, notices.len())
    }

    #[test]
    fn the_default_is_the_newest_version_alone() {
        assert_eq!(TlsRules::read(None, "mesh", &mut Vec::new()), TlsRules::default());
        assert_eq!(read("", "", &[]).0, TlsRules::default());
        assert_eq!(read("TLS_AUTO", "TLS_AUTO", &[]).0, TlsRules::default());
    }

    #[test]
    fn versions_can_be_lowered_to_1_2_and_no_further() {
        let (rules, notices) = read("TLSv1_2", "", &[]);
        assert_eq!((rules.min, rules.max, notices), (TlsVersion::V1_2, TlsVersion::V1_3, 0));
        let (rules, notices) = read("", "TLSv1_2", &[]);
        assert_eq!((rules.min, rules.max, notices), (TlsVersion::V1_2, TlsVersion::V1_2, 0));
        let (rules, notices) = read("TLSv1_0", "TLSv1_1", &[]);
        assert_eq!((rules.min, rules.max, notices), (TlsVersion::V1_2, TlsVersion::V1_2, 2));
    }

    #[test]
    fn unknown_ciphers_are_left_out_with_a_notice() {
        let suites = ["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"];
        let (rules, notices) = read("TLSv1_2", "TLSv1_2", &suites);
        assert_eq!((rules.ciphers, notices), (vec!["ECDHE-ECDSA-AES128-GCM-SHA256"], 1));
    }
}
