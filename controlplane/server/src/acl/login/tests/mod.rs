//! Logins by way of others: over TLS, with what these may answer, and with those that do not answer well.

mod endpoint;

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Value, json};
use weft_api::access::{LoginError, Verified};
use weft_ca::seal::Keyring;
use weft_model::acl::AuthMethod;

use super::verify;
use crate::clock::now;
use endpoint::{Answer, Endpoint};

struct Signer {
    id: &'static str,
    key: EcdsaKeyPair,
}

impl Signer {
    fn new(id: &'static str) -> Self {
        Self { id, key: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap() }
    }

    fn jwk(&self) -> Value {
        let (x, y) = self.key.public_key().as_ref()[1..].split_at(32);
        let number = |bytes| URL_SAFE_NO_PAD.encode(bytes);
        json!({"kid": self.id, "kty": "EC", "crv": "P-256", "use": "sig", "x": number(x), "y": number(y)})
    }

    fn sign(&self, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(&json!({"alg": "ES256", "kid": self.id})), part(claims));
        let signed = self.key.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signed.as_ref()))
    }
}

fn claims(issuer: &str) -> Value {
    let now = now().seconds();
    json!({"iss": issuer, "aud": "weft", "iat": now, "exp": now + 60, "team": "ops"})
}

fn with(mut claims: Value, field: &str, value: Value) -> Value {
    claims[field] = value;
    claims
}

fn method(kind: &str, config: Value) -> AuthMethod {
    let Value::Object(config) = config else { panic!("{config}") };
    AuthMethod { name: "m".to_owned(), kind: kind.to_owned(), config, ..AuthMethod::default() }
}

fn jwks(url: &str, ca: &str) -> AuthMethod {
    let mapped = json!({"team": "team"});
    method(
        "jwt",
        json!({"JWKSURL": url, "JWKSCACert": ca, "BoundIssuer": "me", "BoundAudiences": ["weft"], "ClaimMappings": mapped}),
    )
}

fn kubernetes(endpoint: &Endpoint) -> AuthMethod {
    let own = "own.service.account";
    method("kubernetes", json!({"Host": endpoint.url, "CACert": endpoint.ca, "ServiceAccountJWT": own}))
}

async fn login(method: &AuthMethod, bearer: &str) -> Result<Verified, String> {
    let found = verify(&Keyring::default(), method, &bearer.into()).await;
    found.map_err(|(LoginError::Denied(text) | LoginError::Failed(text))| text)
}

async fn refusal(method: &AuthMethod, bearer: &str) -> String {
    let text = login(method, bearer).await.expect_err("let in");
    assert!(bearer.is_empty() || !text.contains(bearer), "{text}");
    text
}

#[tokio::test]
async fn keys_at_a_url_are_those_of_now() {
    let (first, second) = (Signer::new("one"), Signer::new("two"));
    let keys = Arc::new(Mutex::new(vec![first.jwk()]));
    let shown = Arc::clone(&keys);
    let endpoint = Endpoint::start(move |_, _| Answer::Json(json!({"keys": shown.lock().clone()}))).await;
    let method = jwks(&format!("{}/keys", endpoint.url), &endpoint.ca);
    let found = login(&method, &first.sign(&claims("me"))).await.unwrap();
    assert_eq!(found.values["value.team"], "ops");
    assert!(refusal(&method, &second.sign(&claims("me"))).await.contains("no known key"));

    // Rotation: both for a while, then the new one alone.
    keys.lock().push(second.jwk());
    for signer in [&first, &second] {
        login(&method, &signer.sign(&claims("me"))).await.unwrap();
    }
    keys.lock().remove(0);
    login(&method, &second.sign(&claims("me"))).await.unwrap();
    assert!(refusal(&method, &first.sign(&claims("me"))).await.contains("no known key"));
    // The id of a key that is there, signed by one that is not.
    let forged = Signer::new("two").sign(&claims("me"));
    assert!(refusal(&method, &forged).await.contains("no known key"));

    for (field, value, why) in [
        ("iss", json!("you"), "issuer"),
        ("aud", json!("them"), "audience"),
        ("exp", json!(now().seconds() - 100), "expired"),
        ("nbf", json!(now().seconds() + 100), "not valid yet"),
    ] {
        let text = refusal(&method, &second.sign(&with(claims("me"), field, value))).await;
        assert!(text.contains(why), "{field}: {text}");
    }
}

#[tokio::test]
async fn an_issuer_tells_where_its_keys_are() {
    let signer = Signer::new("one");
    let (jwk, said) = (signer.jwk(), Arc::new(Mutex::new(Value::Null)));
    let document = Arc::clone(&said);
    let endpoint = Endpoint::start(move |path, _| match path {
        "/.well-known/openid-configuration" => Answer::Json(document.lock().clone()),
        "/certs" => Answer::Json(json!({"keys": [jwk]})),
        _ => Answer::Status(404, "no"),
    })
    .await;
    let config = json!({
        "OIDCDiscoveryURL": endpoint.url, "OIDCDiscoveryCACert": endpoint.ca, "BoundAudiences": ["weft"],
        "ClaimMappings": {"team": "team"},
    });
    let method = method("jwt", config);
    let url = endpoint.url.as_str();
    let say = |issuer: &str, keys: &str| *said.lock() = json!({"issuer": issuer, "jwks_uri": format!("{keys}/certs")});
    say(url, url);
    assert_eq!(login(&method, &signer.sign(&claims(&endpoint.url))).await.unwrap().values["value.team"], "ops");
    assert!(refusal(&method, &signer.sign(&claims("https://else.example"))).await.contains("issuer"));
    say("https://else.example", url);
    let text = refusal(&method, &signer.sign(&claims(&endpoint.url))).await;
    assert!(text.contains("calls itself \"https://else.example\""), "{text}");
    // Keys that anybody on the way could replace.
    say(url, &url.replace("https", "http"));
    let text = refusal(&method, &signer.sign(&claims(url))).await;
    assert!(text.contains("not at an https URL"), "{text}");
}

#[tokio::test]
async fn kubernetes_is_asked_in_ones_own_name_whose_a_token_is() {
    let endpoint = Endpoint::start(|path, request| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        if let Some(account) = path.strip_prefix("/api/v1/namespaces/shop/serviceaccounts/") {
            let is_ours =
                head.to_ascii_lowercase().lines().any(|line| line == "authorization: bearer own.service.account");
            let annotations = json!({"consul.hashicorp.com/service-name": "billing", "other": "x"});
            return match account {
                "web" if is_ours => Answer::Json(json!({"metadata": {"name": "web"}})),
                "odd" if is_ours => Answer::Json(json!({"metadata": {"annotations": annotations}})),
                _ => Answer::Status(403, "forbidden"),
            };
        }
        let review: Value = serde_json::from_str(body).unwrap();
        let is_ours = head.to_ascii_lowercase().contains("authorization: bearer own.service.account\r\n");
        if path != "/apis/authentication.k8s.io/v1/tokenreviews" || !is_ours || review["kind"] != "TokenReview" {
            return Answer::Status(401, "who are you");
        }
        match review["spec"]["token"].as_str().unwrap() {
            "of.web.now" => {
                let user = json!({"username": "system:serviceaccount:shop:web", "uid": "u1"});
                Answer::Json(json!({"status": {"authenticated": true, "user": user}}))
            }
            token @ ("of.odd.now" | "of.hidden.now") => {
                let name = token.split('.').nth(1).unwrap();
                let user = json!({"username": format!("system:serviceaccount:shop:{name}"), "uid": "u3"});
                Answer::Json(json!({"status": {"authenticated": true, "user": user}}))
            }
            "of.somebody.else" => {
                Answer::Json(json!({"status": {"authenticated": true, "user": {"username": "admin", "uid": "u2"}}}))
            }
            "of.web.formerly" => Answer::Json(json!({"status": {"error": "token has expired"}})),
            "not.json.back" => Answer::Status(201, "<html>"),
            _ => Answer::Json(json!({"status": {"authenticated": false}})),
        }
    })
    .await;
    let method = kubernetes(&endpoint);
    let found = login(&method, "of.web.now").await.unwrap().values;
    assert_eq!((found["serviceaccount.namespace"].as_str(), found["serviceaccount.name"].as_str()), ("shop", "web"));
    let named = login(&method, "of.odd.now").await.unwrap().values;
    assert_eq!(named["serviceaccount.name"], "billing");
    for (token, why) in [
        ("of.hidden.now", "annotation lookup failed: error asking"),
        ("of.nobody.ever", "service account jwt not valid"),
        ("of.somebody.else", "not a service account"),
        ("of.web.formerly", "token has expired"),
        ("not.json.back", "error reading the token review"),
        ("", "missing jwt"),
    ] {
        let text = refusal(&method, token).await;
        assert!(text.contains(why), "{token}: {text}");
    }
    let mut stranger = method.clone();
    stranger.config.insert("ServiceAccountJWT".to_owned(), json!("some.other.account"));
    let text = refusal(&stranger, "of.web.now").await;
    assert!(text.contains("401") && !text.contains("some.other.account"), "{text}");
}

#[tokio::test]
async fn who_answers_badly_lets_nobody_in_and_is_named() {
    let elsewhere = Endpoint::start(|_, _| panic!("a redirect was followed")).await;
    let to = elsewhere.url.clone();
    let endpoint = Endpoint::start(move |path, _| match path {
        "/redirects" => Answer::Redirect(to.clone()),
        "/long" => Answer::Long(10 << 20),
        "/cut" => Answer::Cut,
        "/none" => Answer::Json(json!({"keys": []})),
        "/odd" => Answer::Json(json!([1, 2])),
        _ => Answer::Status(500, "oops"),
    })
    .await;
    let token = Signer::new("one").sign(&claims("me"));
    for (path, why) in [
        ("/redirects", "302"),
        ("/long", "length limit exceeded"),
        ("/cut", "error asking"),
        ("/none", "no known key"),
        ("/odd", "error reading keys"),
        ("/breaks", "500"),
    ] {
        let text = refusal(&jwks(&format!("{}{path}", endpoint.url), &endpoint.ca), &token).await;
        assert!(text.contains(why), "{path}: {text}");
    }
    let stranger = refusal(&jwks(&endpoint.url, &elsewhere.ca), &token).await;
    assert!(stranger.contains("invalid peer certificate"), "{stranger}");
    let system = refusal(&jwks(&endpoint.url, ""), &token).await;
    assert!(system.contains("certificate"), "{system}");
    let named = Endpoint::named("keys.example", |_, _| Answer::Status(500, "")).await;
    let text = refusal(&jwks(&named.url, &named.ca), &token).await;
    assert!(text.contains("certificate not valid for name"), "{text}");
    let plain = refusal(&jwks(&endpoint.url.replace("https", "http"), ""), &token).await;
    assert!(plain.contains("error asking"), "{plain}");
    let url = { Endpoint::start(|_, _| Answer::Hang).await.url };
    let gone = refusal(&jwks(&url, &endpoint.ca), &token).await;
    assert!(gone.contains("error asking"), "{gone}");
}

#[tokio::test]
async fn who_does_not_answer_is_not_waited_for_without_end() {
    let endpoint = Endpoint::start(|path, _| if path == "/drips" { Answer::Drip } else { Answer::Hang }).await;
    // Accepts, and never says a word: not even a handshake.
    let silent = tokio::net::TcpListener::bind("127.43.0.1:0").await.unwrap();
    let token = Signer::new("one").sign(&claims("me"));
    let methods = [
        jwks(&format!("{}/drips", endpoint.url), &endpoint.ca),
        jwks(&format!("{}/hangs", endpoint.url), &endpoint.ca),
        jwks(&format!("https://{}", silent.local_addr().unwrap()), &endpoint.ca),
        kubernetes(&endpoint),
    ];
    let start = Instant::now();
    let texts = futures::future::join_all(methods.iter().map(|method| refusal(method, &token))).await;
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert!(texts.iter().all(|text| text.contains("no answer within 10 seconds")), "{texts:?}");
}
