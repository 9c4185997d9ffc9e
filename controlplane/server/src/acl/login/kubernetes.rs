//! Service accounts of Kubernetes: its API server says whose a token is.

use serde_json::{Map, Value, json};
use weft_api::access::{LoginError, Verified};
use weft_ca::seal::secret::is_sealed_text;
use weft_model::secret::Secret;

use super::{fetch, settings};

const KNOWN: [&str; 6] =
    ["Host", "CACert", "ServiceAccountJWT", "MapNamespaces", "ConsulNamespacePrefix", "ConsulNamespaceOverrides"];

/// Says under which name an account logs in, where that is not its own.
const NAME: &str = "consul.hashicorp.com/service-name";

/// The configuration of a method.
pub(super) struct Settings {
    host: String,
    ca: String,
    /// With what the API server is asked.
    own: Secret,
}

impl Settings {
    pub(super) fn read(config: &Map<String, Value>) -> Result<Self, String> {
        let config = settings::Settings::new(config, &KNOWN)?;
        let (host, ca, own) = (config.text("Host")?, config.text("CACert")?, config.text("ServiceAccountJWT")?);
        if host.is_empty() {
            return Err("Config.Host is required".to_owned());
        }
        if ca.is_empty() {
            return Err("Config.CACert is required".to_owned());
        }
        fetch::check_ca(&ca).map_err(|()| {
            "error parsing kubernetes ca cert: data does not contain any valid RSA or ECDSA certificates".to_owned()
        })?;
        if own.is_empty() {
            return Err("Config.ServiceAccountJWT is required".to_owned());
        }
        // A sealed one was checked before it was sealed.
        if !is_sealed_text(&own) && own.split('.').count() != 3 {
            return Err("Config.ServiceAccountJWT is not a valid JWT".to_owned());
        }
        fetch::check(&host, &ca)?;
        Ok(Self { host: host.trim_end_matches('/').to_owned(), ca, own: own.as_str().into() })
    }
}

/// The variables, without values.
pub(super) fn variables() -> Verified {
    let values = ["namespace", "name", "uid"].map(|name| (format!("serviceaccount.{name}"), String::new()));
    Verified { values: values.into(), ..Verified::default() }
}

/// Asks whose the token is.
pub(super) async fn verify(settings: &Settings, bearer: &Secret) -> Result<Verified, LoginError> {
    if bearer.is_empty() {
        return Err(LoginError::Failed("missing jwt".to_owned()));
    }
    let review = json!({
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenReview",
        "spec": {"token": bearer.reveal()},
    });
    let url = format!("{}/apis/authentication.k8s.io/v1/tokenreviews", settings.host);
    let answer = fetch::post(&url, &settings.ca, &settings.own, &review).await.map_err(LoginError::Failed)?;
    let answer: Value = serde_json::from_slice(&answer)
        .map_err(|error| LoginError::Failed(format!("error reading the token review: {error}")))?;
    let mut verified = read(&answer["status"])?;
    if let Some(name) = annotated(settings, &verified).await? {
        verified.values.insert("serviceaccount.name".to_owned(), name);
    }
    Ok(verified)
}

/// The name that the account's annotation gives it.
async fn annotated(settings: &Settings, account: &Verified) -> Result<Option<String>, LoginError> {
    let failed = |error: String| LoginError::Failed(format!("annotation lookup failed: {error}"));
    let part = |name: &str| account.values.get(name).map(String::as_str).unwrap_or_default();
    let (namespace, name) = (part("serviceaccount.namespace"), part("serviceaccount.name"));
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if !namespace.chars().chain(name.chars()).all(plain) {
        return Err(failed(format!("{namespace}:{name} is no name of Kubernetes")));
    }
    let url = format!("{}/api/v1/namespaces/{namespace}/serviceaccounts/{name}", settings.host);
    let answer = fetch::get_as(&url, &settings.ca, &settings.own).await.map_err(failed)?;
    let found: Value = serde_json::from_slice(&answer).map_err(|error| failed(error.to_string()))?;
    let given = found["metadata"]["annotations"][NAME].as_str().filter(|name| !name.is_empty());
    Ok(given.map(str::to_owned))
}

fn read(status: &Value) -> Result<Verified, LoginError> {
    if let Some(error) = status["error"].as_str().filter(|error| !error.is_empty()) {
        return Err(LoginError::Failed(format!("lookup failed: {error}")));
    }
    if status["authenticated"] != true {
        return Err(LoginError::Failed("lookup failed: service account jwt not valid".to_owned()));
    }
    // system:serviceaccount:NAMESPACE:NAME
    let name = status["user"]["username"].as_str().unwrap_or_default();
    let ["system", "serviceaccount", namespace, account] = name.split(':').collect::<Vec<_>>()[..] else {
        return Err(LoginError::Failed("lookup failed: username is not a service account".to_owned()));
    };
    let uid = status["user"]["uid"].as_str().unwrap_or_default();
    let values = [("namespace", namespace), ("name", account), ("uid", uid)];
    let values = values.map(|(name, value)| (format!("serviceaccount.{name}"), value.to_owned()));
    Ok(Verified { values: values.into(), ..Verified::default() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_review_names_a_service_account() {
        let user = json!({"username": "system:serviceaccount:default:web", "uid": "u1"});
        let found = read(&json!({"authenticated": true, "user": user})).unwrap();
        assert_eq!(found.values["serviceaccount.name"], "web");
        assert_eq!(found.values["serviceaccount.namespace"], "default");
        for status in [
            json!({}),
            json!({"authenticated": false, "user": user}),
            json!({"authenticated": true, "error": "no", "user": user}),
            json!({"authenticated": true, "user": {"username": "admin"}}),
            json!({"authenticated": true, "user": {"username": "system:serviceaccount:a:b:c"}}),
        ] {
            assert!(read(&status).is_err(), "{status}");
        }
    }
}
