//! Secrets that are no keys of the CA: the fields of an auth method's configuration that nobody may read.
//!
//! ```text
//! Config.ServiceAccountJWT ─seal_method─> sealed text in its place ─> Command
//! Config ─open_method─> in memory, where somebody logs in
//! ```

use serde_json::Value;
use weft_model::acl::AuthMethod;
use zeroize::Zeroize as _;

use super::{Bound, Keyring, MARK, SealError, seal_of};

/// Keeps these ciphertexts apart from the CA's keys.
const METHOD: &[u8] = b"weft auth method v1\0";

/// An auth method whose secrets are open, and wiped from memory with it.
pub struct OpenMethod(AuthMethod);

impl std::ops::Deref for OpenMethod {
    type Target = AuthMethod;

    fn deref(&self) -> &AuthMethod {
        &self.0
    }
}

impl Drop for OpenMethod {
    fn drop(&mut self) {
        for text in self.0.config.values_mut() {
            if let Value::String(text) = text {
                text.zeroize();
            }
        }
    }
}

impl Keyring {
    /// The method with its secrets as they were given.
    ///
    /// # Errors
    /// As [`Keyring::open`], for the first secret that does not open.
    pub fn open_method(&self, method: &AuthMethod) -> Result<OpenMethod, SealError> {
        let mut open = OpenMethod(method.clone());
        for (key, text) in open.0.secrets_mut() {
            *text = self.open_text(bound(&place(&method.name, &key)), text)?;
        }
        Ok(open)
    }

    /// The method with every clear secret sealed. Without sealing keys they stay as they are.
    ///
    /// # Errors
    /// The cryptographic library fails.
    pub fn seal_method(&self, method: &AuthMethod) -> Result<AuthMethod, SealError> {
        let mut sealed = method.clone();
        for (key, text) in sealed.secrets_mut().into_iter().filter(|(_, text)| !is_sealed_text(text)) {
            let next = self.seal_text(bound(&place(&method.name, &key)), text)?;
            text.zeroize();
            *text = next;
        }
        Ok(sealed)
    }

    /// The method with every secret under the first sealing key; `None` when nothing is to be done. A secret that
    /// cannot be opened stays as it is.
    ///
    /// # Errors
    /// As [`Keyring::seal_method`].
    pub fn reseal_method(&self, method: &AuthMethod) -> Result<Option<AuthMethod>, SealError> {
        let Some(first) = self.first_id() else { return Ok(None) };
        let mut next = method.clone();
        let mut changed = false;
        for (key, text) in next.secrets_mut() {
            let place = place(&method.name, &key);
            if text.is_empty() || seal_of(text) == Some(first) {
                continue;
            }
            if let Ok(mut open) = self.open_text(bound(&place), text) {
                *text = self.seal_text(bound(&place), &open)?;
                open.zeroize();
                changed = true;
            }
        }
        Ok(changed.then_some(next))
    }
}

/// Whether a text is a sealed one, in whatever form.
#[must_use]
pub fn is_sealed_text(text: &str) -> bool {
    text.starts_with(MARK)
}

/// Neither names of methods nor these keys have a slash.
fn place(method: &str, key: &str) -> String {
    format!("{method}/{}", key.to_ascii_lowercase())
}

const fn bound(place: &str) -> Bound<'_> {
    Bound { purpose: METHOD, place }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::json;

    use super::*;

    fn ring(bytes: &[u8]) -> Keyring {
        Keyring::read(&bytes.iter().map(|byte| STANDARD.encode([*byte; 32])).collect::<Vec<_>>().join("\n")).unwrap()
    }

    fn method(name: &str) -> AuthMethod {
        let config = json!({ "Host": "https://k", "serviceaccountJWT": "a.b.c", "OIDCClientSecret": "" });
        let Value::Object(config) = config else { unreachable!() };
        AuthMethod { name: name.to_owned(), config, ..AuthMethod::default() }
    }

    fn secret(method: &AuthMethod) -> &str {
        method.config["serviceaccountJWT"].as_str().unwrap()
    }

    #[test]
    fn only_secrets_are_sealed_and_they_open_again() {
        let sealed = ring(&[1]).seal_method(&method("k")).unwrap();
        assert!(is_sealed_text(secret(&sealed)) && !secret(&sealed).contains("a.b.c"));
        assert_eq!((&sealed.config["Host"], &sealed.config["OIDCClientSecret"]), (&json!("https://k"), &json!("")));
        assert_eq!(*ring(&[1]).open_method(&sealed).unwrap(), method("k"));
        assert_eq!(ring(&[1]).seal_method(&sealed).unwrap(), sealed, "what is sealed stays");
        assert_eq!(Keyring::default().seal_method(&method("k")).unwrap(), method("k"));
        assert!(!format!("{:?}", method("k")).contains("a.b.c"));
    }

    #[test]
    fn another_method_another_key_and_no_key_do_not_open_it() {
        let sealed = ring(&[1]).seal_method(&method("k")).unwrap();
        let moved = AuthMethod { name: "l".to_owned(), ..sealed.clone() };
        assert!(matches!(ring(&[1]).open_method(&moved).err(), Some(SealError::Damaged { .. })));
        assert!(matches!(ring(&[2]).open_method(&sealed).err(), Some(SealError::UnknownKey { .. })));
        assert!(matches!(Keyring::default().open_method(&sealed).err(), Some(SealError::NoKeys { .. })));
        let as_ca_key = weft_model::ca::PrivateKeyPem(secret(&sealed).to_owned());
        assert!(ring(&[1]).open("k/serviceaccountjwt", &as_ca_key).is_err());
    }

    #[test]
    fn what_is_clear_or_under_an_older_line_is_sealed_anew() {
        let next = ring(&[1]).reseal_method(&method("k")).unwrap().unwrap();
        assert_eq!(ring(&[1]).reseal_method(&next).unwrap(), None);
        let newer = ring(&[2, 1]).reseal_method(&next).unwrap().unwrap();
        assert_eq!(*ring(&[2]).open_method(&newer).unwrap(), method("k"));
        assert_eq!(ring(&[3]).reseal_method(&newer).unwrap(), None, "what does not open stays");
        assert_eq!(Keyring::default().reseal_method(&method("k")).unwrap(), None);
    }
}
