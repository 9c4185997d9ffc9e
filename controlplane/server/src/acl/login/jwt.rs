//! Signed tokens (JWT): by whom, for whom, until when, and what they say of their bearer. Pure but for its keys.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};
use weft_api::access::{LoginError, Verified};
use weft_model::Timestamp;
use weft_model::secret::Secret;

use super::fetch;
use super::keys::{Key, Source};
use super::settings;

const KNOWN: [&str; 16] = [
    "JWTValidationPubKeys",
    "JWKSURL",
    "JWKSCACert",
    "OIDCDiscoveryURL",
    "OIDCDiscoveryCACert",
    "BoundIssuer",
    "BoundAudiences",
    "JWTSupportedAlgs",
    "ClaimMappings",
    "ListClaimMappings",
    "ExpirationLeeway",
    "NotBeforeLeeway",
    "ClockSkewLeeway",
    "OIDCClientID",
    "OIDCClientSecret",
    "AllowedRedirectURIs",
];
const ALGORITHMS: [&str; 9] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"];
/// Consul's leeways, in seconds: for a missing claim, and for clocks that differ.
const LEEWAY: i64 = 150;
const CLOCK_SKEW: i64 = 60;
const TOKEN_MAX_BYTES: usize = 64 * 1024;

/// The configuration of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) source: Source,
    issuer: String,
    audiences: Vec<String>,
    algorithms: Vec<String>,
    /// Claims with the names of their variables.
    claims: Vec<(String, String)>,
    list_claims: Vec<(String, String)>,
    expiration_leeway: i64,
    not_before_leeway: i64,
    clock_skew: i64,
}

impl Settings {
    pub(super) fn read(config: &Map<String, Value>) -> Result<Self, String> {
        let config = settings::Settings::new(config, &KNOWN)?;
        let source = source(&config)?;
        let algorithms = config.texts("JWTSupportedAlgs")?;
        if let Some(unknown) = algorithms.iter().find(|name| !ALGORITHMS.contains(&name.as_str())) {
            return Err(format!("Invalid supported algorithm: {unknown}"));
        }
        let leeway = |key, usual| match config.seconds(key)? {
            None | Some(0) => Ok(usual),
            Some(seconds) if seconds < 0 => Ok(0),
            Some(seconds) => Ok::<_, String>(seconds),
        };
        let issuer = config.text("BoundIssuer")?;
        let issuer = match &source {
            Source::Discovery { url, .. } if issuer.is_empty() => url.clone(),
            Source::Given(_) | Source::Jwks { .. } | Source::Discovery { .. } => issuer,
        };
        Ok(Self {
            issuer,
            audiences: config.texts("BoundAudiences")?,
            algorithms,
            claims: config.pairs("ClaimMappings")?,
            list_claims: config.pairs("ListClaimMappings")?,
            expiration_leeway: leeway("ExpirationLeeway", LEEWAY)?,
            not_before_leeway: leeway("NotBeforeLeeway", LEEWAY)?,
            clock_skew: leeway("ClockSkewLeeway", CLOCK_SKEW)?,
            source,
        })
    }

    /// All variables, without values.
    pub(super) fn variables(&self) -> Verified {
        let value = |(_, name): &(String, String)| (format!("value.{name}"), String::new());
        let list = |(_, name): &(String, String)| (format!("list.{name}"), Vec::new());
        Verified { values: self.claims.iter().map(value).collect(), lists: self.list_claims.iter().map(list).collect() }
    }
}

fn source(config: &settings::Settings<'_>) -> Result<Source, String> {
    let (given, jwks, discovery) =
        (config.texts("JWTValidationPubKeys")?, config.text("JWKSURL")?, config.text("OIDCDiscoveryURL")?);
    let source = match (given.is_empty(), jwks.is_empty(), discovery.is_empty()) {
        (false, true, true) => Source::Given(given),
        (true, false, true) => Source::Jwks { url: jwks, ca: config.text("JWKSCACert")? },
        (true, true, false) => Source::Discovery { url: discovery, ca: config.text("OIDCDiscoveryCACert")? },
        _ => {
            return Err(
                "exactly one of 'JWTValidationPubKeys', 'JWKSURL', or 'OIDCDiscoveryURL' must be set for type \
                        \"jwt\""
                    .to_owned(),
            );
        }
    };
    match &source {
        Source::Given(pems) => {
            if let Some(position) = pems.iter().position(|pem| Key::from_pem(pem).is_none()) {
                return Err(format!(
                    "error parsing public key JWTValidationPubKeys[{position}]: data does not contain any valid RSA, \
                     ECDSA, or ED25519 public keys"
                ));
            }
        }
        Source::Jwks { url, ca } | Source::Discovery { url, ca } => fetch::check(url, ca)?,
    }
    Ok(source)
}

#[derive(Debug, Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default)]
    crit: Vec<String>,
}

/// Checks a token, and reads from it what its bearer is.
pub(super) fn verify(
    settings: &Settings,
    keys: &[Key],
    token: &Secret,
    now: Timestamp,
) -> Result<Verified, LoginError> {
    let failed = |text: &str| LoginError::Failed(text.to_owned());
    let token = token.reveal();
    if token.is_empty() {
        return Err(failed("missing jwt"));
    }
    if token.len() > TOKEN_MAX_BYTES {
        return Err(failed("error parsing token: it is too long"));
    }
    let [head, body, signed] = token.split('.').collect::<Vec<_>>()[..] else {
        return Err(failed("error parsing token: a signed token has three parts"));
    };
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| failed("error parsing token: not base64"));
    let header: Header =
        serde_json::from_slice(&part(head)?).map_err(|_| failed("error parsing token: its header cannot be read"))?;
    // What a token demands to be understood is not.
    let is_allowed = settings.algorithms.is_empty() || settings.algorithms.contains(&header.alg);
    if !is_allowed || !ALGORITHMS.contains(&header.alg.as_str()) || !header.crit.is_empty() {
        return Err(failed("error verifying token: its algorithm is not supported"));
    }
    let (message, signature) = (&token.as_bytes()[..head.len() + 1 + body.len()], part(signed)?);
    let mut fitting = keys.iter().filter(|key| key.answers_to(header.kid.as_deref()));
    if !fitting.any(|key| key.has_signed(&header.alg, message, &signature)) {
        return Err(failed("error verifying token signature: no known key successfully validated the token signature"));
    }
    let claims: Map<String, Value> =
        serde_json::from_slice(&part(body)?).map_err(|_| failed("error parsing token: its claims cannot be read"))?;
    check_claims(settings, &claims, now.seconds()).map_err(LoginError::Failed)?;
    Ok(Verified { values: values(settings, &claims)?, lists: lists(settings, &claims)? })
}

fn check_claims(settings: &Settings, claims: &Map<String, Value>, now: i64) -> Result<(), String> {
    // Seconds, with a fraction where somebody likes it.
    let time = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64).filter(|t| *t != 0);
    let (mut issued, mut expires, mut not_before) = (time("iat"), time("exp"), time("nbf"));
    if issued.is_none() && expires.is_none() && not_before.is_none() {
        return Err("no issue time, notBefore, or expiration time encoded in token".to_owned());
    }
    let start = not_before.or(issued);
    let end = expires.or_else(|| start.map(|start| start + settings.expiration_leeway));
    not_before = start.or_else(|| expires.map(|expires| expires - settings.not_before_leeway));
    (issued, expires) = (issued.or(not_before), end);
    let skew = settings.clock_skew;
    if expires.is_some_and(|expires| now > expires + skew) {
        return Err("error validating claims: token is expired (exp)".to_owned());
    }
    if not_before.is_some_and(|start| now < start - skew) {
        return Err("error validating claims: token not valid yet (nbf)".to_owned());
    }
    if issued.is_some_and(|issued| now < issued - skew) {
        return Err("error validating claims: token issued in the future (iat)".to_owned());
    }
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    if !settings.issuer.is_empty() && settings.issuer != issuer {
        return Err("error validating claims: invalid issuer claim (iss)".to_owned());
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_bound = |audience: &&str| settings.audiences.iter().any(|bound| bound == audience);
    match (settings.audiences.is_empty(), audiences.iter().any(is_bound)) {
        (false, false) => Err("error validating claims: aud claim does not match any bound audience".to_owned()),
        (true, _) if !audiences.is_empty() => {
            Err("error validating claims: audience claim found in JWT but no audiences are bound".to_owned())
        }
        (true | false, _) => Ok(()),
    }
}

fn values(settings: &Settings, claims: &Map<String, Value>) -> Result<BTreeMap<String, String>, LoginError> {
    let mut values = BTreeMap::new();
    for (claim, name) in &settings.claims {
        let text = match find(claims, claim) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(Value::Bool(value)) => value.to_string(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Array(_) | Value::Object(_)) => {
                return Err(LoginError::Failed(format!("error converting claim '{claim}' to string")));
            }
        };
        values.insert(format!("value.{name}"), text);
    }
    Ok(values)
}

fn lists(settings: &Settings, claims: &Map<String, Value>) -> Result<BTreeMap<String, Vec<String>>, LoginError> {
    let mut lists = BTreeMap::new();
    for (claim, name) in &settings.list_claims {
        let fault = || LoginError::Failed(format!("{claim:?} list claim could not be converted to string list"));
        let list = match find(claims, claim) {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(items)) => {
                items.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(fault)).collect::<Result<_, _>>()?
            }
            Some(_) => return Err(fault()),
        };
        lists.insert(format!("list.{name}"), list);
    }
    Ok(lists)
}

/// A claim by its name, or by a path that begins with a slash.
fn find<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    match name.strip_prefix('/') {
        None => claims.get(name),
        Some(path) => {
            let (first, rest) = path.split_once('/').unwrap_or((path, ""));
            let value = claims.get(first)?;
            if rest.is_empty() { Some(value) } else { value.pointer(&format!("/{rest}")) }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{self, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RsaKeyPair};
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn pem(der: &[u8]) -> String {
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    fn unsigned(header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    struct Elliptic(EcdsaKeyPair);

    impl Elliptic {
        fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
        }

        fn pem(&self) -> String {
            pem(AsDer::<PublicKeyX509Der<'_>>::as_der(self.0.public_key()).unwrap().as_ref())
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let message = unsigned(header, claims);
            let signed = self.0.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
            format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed.as_ref()))
        }
    }

    fn settings(pem: &str) -> Settings {
        let config = json!({
            "jwtValidationPubKeys": [pem],
            "BoundIssuer": "me",
            "BoundAudiences": ["weft"],
            "ClaimMappings": {"team": "team", "/deep/er": "deep"},
            "ListClaimMappings": {"groups": "groups"},
        });
        Settings::read(config.as_object().unwrap()).unwrap()
    }

    fn claims() -> Value {
        json!({
            "iss": "me", "aud": ["other", "weft"], "exp": NOW + 10, "iat": NOW - 10,
            "team": "ops", "deep": {"er": 7}, "groups": ["a", "b"],
        })
    }

    fn judge(settings: &Settings, token: &str) -> Result<Verified, LoginError> {
        let keys: Vec<_> = match &settings.source {
            Source::Given(pems) => pems.iter().map(|pem| Key::from_pem(pem).unwrap()).collect(),
            Source::Jwks { .. } | Source::Discovery { .. } => Vec::new(),
        };
        verify(settings, &keys, &token.into(), Timestamp(NOW * 1_000_000_000))
    }

    #[test]
    fn a_good_token_tells_its_claims() {
        let key = Elliptic::new();
        let found = judge(&settings(&key.pem()), &key.sign(&json!({"alg": "ES256"}), &claims())).unwrap();
        assert_eq!(found.values["value.team"], "ops");
        assert_eq!(found.values["value.deep"], "7");
        assert_eq!(found.lists["list.groups"], ["a", "b"]);
    }

    #[test]
    fn keys_of_rsa_are_read_and_checked() {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let settings = settings(&pem(AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key()).unwrap().as_ref()));
        let message = unsigned(&json!({"alg": "RS256"}), &claims());
        let mut signed = vec![0; key.public_modulus_len()];
        key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signed).unwrap();
        let token = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed));
        assert!(judge(&settings, &token).is_ok());
    }

    #[test]
    fn what_is_wrong_with_a_token_keeps_its_bearer_out() {
        let (key, other) = (Elliptic::new(), Elliptic::new());
        let settings = settings(&key.pem());
        let with = |field: &str, value: Value| {
            let mut claims = claims();
            claims[field] = value;
            key.sign(&json!({"alg": "ES256"}), &claims)
        };
        let good = key.sign(&json!({"alg": "ES256"}), &claims());
        let cases = [
            (other.sign(&json!({"alg": "ES256"}), &claims()), "no known key"),
            (format!("{}.", unsigned(&json!({"alg": "none"}), &claims())), "not supported"),
            (key.sign(&json!({"alg": "HS256"}), &claims()), "not supported"),
            (key.sign(&json!({"alg": "RS256"}), &claims()), "no known key"),
            (key.sign(&json!({"alg": "ES256", "crit": ["x"]}), &claims()), "not supported"),
            (with("exp", json!(NOW - 61)), "expired"),
            (with("nbf", json!(NOW + 61)), "not valid yet"),
            (with("iss", json!("you")), "issuer"),
            (with("aud", json!("them")), "bound audience"),
            (with("team", json!(["a"])), "converting claim"),
            (good.replace('.', "!"), "three parts"),
            (String::new(), "missing jwt"),
        ];
        for (token, why) in cases {
            let refused = judge(&settings, &token);
            let Err(LoginError::Failed(text) | LoginError::Denied(text)) = refused else {
                panic!("{why}: let in");
            };
            assert!(text.contains(why), "{text}");
        }
        assert!(judge(&settings, &good).is_ok());
    }

    #[test]
    fn configurations_are_checked() {
        let read = |config: Value| Settings::read(config.as_object().unwrap()).map(drop);
        let key = Elliptic::new().pem();
        assert!(read(json!({"JWTValidationPubKeys": [key]})).is_ok());
        assert!(read(json!({"JWKSURL": "https://x/keys"})).is_ok());
        for (config, fault) in [
            (json!({}), "exactly one of"),
            (json!({"JWKSURL": "https://x", "OIDCDiscoveryURL": "https://x"}), "exactly one of"),
            (json!({"Bogus": 1}), "'' has invalid keys: Bogus"),
            (json!({"JWTValidationPubKeys": ["abc"]}), "JWTValidationPubKeys[0]"),
            (json!({"JWKSURL": "ftp://x"}), "neither http nor https"),
            (json!({"JWKSURL": "https://x", "JWTSupportedAlgs": ["HS256"]}), "algorithm"),
        ] {
            assert!(read(config).unwrap_err().contains(fault), "{fault}");
        }
    }
}
