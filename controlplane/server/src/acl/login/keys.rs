//! The keys that signed tokens are checked with: given, or asked for at a URL.

use aws_lc_rs::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;
use serde::Deserialize;
use weft_api::access::LoginError;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::fetch;

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// PEM texts.
    Given(Vec<String>),
    Jwks {
        url: String,
        ca: String,
    },
    Discovery {
        url: String,
        ca: String,
    },
}

/// A key that can check signatures.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// Tokens may say which key they are signed with.
    id: Option<String>,
    material: Material,
}

#[derive(Clone, Debug)]
enum Material {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    /// Whether a token that names this key id may be checked with it.
    pub(super) fn answers_to(&self, id: Option<&str>) -> bool {
        match (id, self.id.as_deref()) {
            (Some(wanted), Some(own)) => wanted == own,
            (None, _) | (_, None) => true,
        }
    }

    /// Whether this key has signed the message, by this algorithm. A key fits the algorithms of its own kind alone.
    pub(super) fn has_signed(&self, algorithm: &str, message: &[u8], signed: &[u8]) -> bool {
        let plain = |algorithm: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(algorithm, key).verify(message, signed).is_ok()
        };
        match (&self.material, algorithm) {
            (Material::Rsa { n, e }, algorithm) => {
                let parameters = match algorithm {
                    "RS256" => &signature::RSA_PKCS1_2048_8192_SHA256,
                    "RS384" => &signature::RSA_PKCS1_2048_8192_SHA384,
                    "RS512" => &signature::RSA_PKCS1_2048_8192_SHA512,
                    "PS256" => &signature::RSA_PSS_2048_8192_SHA256,
                    "PS384" => &signature::RSA_PSS_2048_8192_SHA384,
                    "PS512" => &signature::RSA_PSS_2048_8192_SHA512,
                    _ => return false,
                };
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signed).is_ok()
            }
            (Material::P256(point), "ES256") => plain(&signature::ECDSA_P256_SHA256_FIXED, point),
            (Material::P384(point), "ES384") => plain(&signature::ECDSA_P384_SHA384_FIXED, point),
            (Material::Ed25519(point), "EdDSA") => plain(&signature::ED25519, point),
            (Material::P256(_) | Material::P384(_) | Material::Ed25519(_), _) => false,
        }
    }

    /// Reads a public key in PEM.
    pub(super) fn from_pem(text: &str) -> Option<Self> {
        let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).ok()?;
        let (_, info) = SubjectPublicKeyInfo::from_der(der.as_ref()).ok()?;
        let point = info.subject_public_key.data.to_vec();
        let curve = info.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
        let material = match info.algorithm.algorithm.to_id_string().as_str() {
            "1.2.840.113549.1.1.1" => {
                let x509_parser::public_key::PublicKey::RSA(key) = info.parsed().ok()? else { return None };
                Material::Rsa { n: stripped(key.modulus), e: stripped(key.exponent) }
            }
            "1.2.840.10045.2.1" => match curve?.to_id_string().as_str() {
                "1.2.840.10045.3.1.7" => Material::P256(point),
                "1.3.132.0.34" => Material::P384(point),
                _ => return None,
            },
            "1.3.101.112" => Material::Ed25519(point),
            _ => return None,
        };
        Some(Self { id: None, material })
    }
}

/// Without the zeros that keep the number from being negative.
fn stripped(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}

#[derive(Debug, Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Jwk {
    kid: Option<String>,
    kty: String,
    r#use: String,
    crv: String,
    n: String,
    e: String,
    x: String,
    y: String,
}

impl Jwk {
    /// The key, if it is of a kind that is known here.
    fn into_key(self) -> Option<Key> {
        if !matches!(self.r#use.as_str(), "" | "sig") {
            return None;
        }
        let number = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok().filter(|n| !n.is_empty());
        let point = || Some([vec![4], number(&self.x)?, number(&self.y)?].concat());
        let material = match (self.kty.as_str(), self.crv.as_str()) {
            ("RSA", _) => Material::Rsa { n: stripped(&number(&self.n)?), e: stripped(&number(&self.e)?) },
            ("EC", "P-256") => Material::P256(point()?),
            ("EC", "P-384") => Material::P384(point()?),
            ("OKP", "Ed25519") => Material::Ed25519(number(&self.x)?),
            _ => return None,
        };
        Some(Key { id: self.kid, material })
    }
}

/// The keys as they are now. They are asked for at each login: a key that was withdrawn is worth nothing at once.
pub(super) async fn of(source: &Source) -> Result<Vec<Key>, LoginError> {
    let failed = |text: String| LoginError::Failed(text);
    match source {
        Source::Given(pems) => Ok(pems.iter().filter_map(|pem| Key::from_pem(pem)).collect()),
        Source::Jwks { url, ca } => {
            let text = fetch::get(url, ca).await.map_err(failed)?;
            read_set(&text).map_err(failed)
        }
        Source::Discovery { url, ca } => {
            let issuer = url.trim_end_matches('/');
            let text = fetch::get(&format!("{issuer}/.well-known/openid-configuration"), ca).await.map_err(failed)?;
            let document: Discovery =
                serde_json::from_slice(&text).map_err(|error| failed(format!("error reading {issuer}: {error}")))?;
            if document.issuer.trim_end_matches('/') != issuer {
                return Err(failed(format!("{issuer} calls itself {:?}", document.issuer)));
            }
            if issuer.starts_with("https:") && !document.jwks_uri.starts_with("https:") {
                return Err(failed(format!(
                    "{issuer} names keys that are not at an https URL: {:?}",
                    document.jwks_uri
                )));
            }
            let text = fetch::get(&document.jwks_uri, ca).await.map_err(failed)?;
            read_set(&text).map_err(failed)
        }
    }
}

#[derive(Debug, Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

fn read_set(text: &[u8]) -> Result<Vec<Key>, String> {
    let set: KeySet = serde_json::from_slice(text).map_err(|error| format!("error reading keys: {error}"))?;
    Ok(set.keys.into_iter().filter_map(Jwk::into_key).collect())
}
