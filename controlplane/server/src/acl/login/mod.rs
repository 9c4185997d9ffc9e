//! Auth methods: who somebody is, by the word of others.

mod fetch;
mod jwt;
mod keys;
mod kubernetes;
mod settings;
mod stored;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use weft_api::access::{LoginError, Verified};
use weft_ca::seal::Keyring;
use weft_model::acl::AuthMethod;
use weft_model::secret::Secret;

use crate::clock::now;
pub(super) use stored::stored;

fn check(method: &AuthMethod) -> Result<(), String> {
    match method.kind.as_str() {
        "kubernetes" => kubernetes::Settings::read(&method.config).map(drop),
        _ => jwt::Settings::read(&method.config).map(drop),
    }
}

/// The variables that binding rules of a method can use.
pub(super) fn variables(method: &AuthMethod) -> Verified {
    match method.kind.as_str() {
        "kubernetes" => kubernetes::variables(),
        _ => jwt::Settings::read(&method.config).map(|settings| settings.variables()).unwrap_or_default(),
    }
}

/// Finds out who bears a token.
pub(super) async fn verify(keys: &Keyring, method: &AuthMethod, bearer: &Secret) -> Result<Verified, LoginError> {
    let open = keys.open_method(method);
    let method = open.map_err(|error| LoginError::Failed(format!("auth method {}: {error}", method.name)))?;
    match method.kind.as_str() {
        "kubernetes" => {
            let settings = kubernetes::Settings::read(&method.config).map_err(LoginError::Failed)?;
            kubernetes::verify(&settings, bearer).await
        }
        _ => {
            let settings = jwt::Settings::read(&method.config).map_err(LoginError::Failed)?;
            let keys = keys::of(&settings.source).await?;
            jwt::verify(&settings, &keys, bearer, now())
        }
    }
}
