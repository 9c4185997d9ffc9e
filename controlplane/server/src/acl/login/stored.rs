//! The form in which an auth method is stored: checked, and its secrets sealed where there is something to seal with.

use serde_json::Value;
use weft_ca::seal::secret::is_sealed_text;
use weft_ca::seal::{Keyring, SealError, is_sealed};
use weft_model::acl::AuthMethod;
use weft_state::{State, StateView};

use super::check;

/// Checks a method that takes its place in a state, and gives it the form in which it is stored.
pub(in crate::acl) fn stored(keys: &Keyring, mut method: AuthMethod, state: &State) -> Result<AuthMethod, String> {
    let former = StateView::new(state).auth_method(&method.name).map(|former| former.value);
    if let Some(former) = &former {
        keep_forms(keys, &mut method, former);
    }
    for (key, text) in method.secrets() {
        let is_kept = former.as_ref().is_some_and(|former| secret(former, key) == Some(text));
        if is_sealed_text(text) && !is_kept {
            return Err(format!("Config.{key} is the sealed form of a secret: give the secret itself"));
        }
        if !is_sealed_text(text) && !text.is_empty() && keys.is_empty() && is_sealed_in(state) {
            return Err(format!("Config.{key}: {}", SealError::Unsealed));
        }
    }
    match keys.open_method(&method) {
        Ok(open) => check(&open)?,
        // What cannot be opened here was checked before it was sealed.
        Err(_) => check(&method)?,
    }
    keys.seal_method(&method).map_err(|error| error.to_string())
}

/// A secret that is the same as before keeps its sealed form, so that nothing has changed.
fn keep_forms(keys: &Keyring, method: &mut AuthMethod, former: &AuthMethod) {
    let Ok(open) = keys.open_method(former) else { return };
    for (key, text) in method.secrets_mut() {
        if secret(&open, &key) == Some(text.as_str()) {
            secret(former, &key).unwrap_or_default().clone_into(text);
        }
    }
}

fn secret<'a>(method: &'a AuthMethod, key: &str) -> Option<&'a str> {
    let found = method.config.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value).and_then(Value::as_str)
}

/// Whether this cluster seals.
fn is_sealed_in(state: &State) -> bool {
    let view = StateView::new(state);
    let has_sealed = |method: &AuthMethod| method.secrets().iter().any(|(_, text)| is_sealed_text(text));
    view.ca().is_some_and(|ca| ca.value.roots.iter().any(|root| is_sealed(&root.signing_key)))
        || view.auth_methods().iter().any(|method| has_sealed(&method.value))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;
    use weft_model::acl::AclOp;
    use weft_model::{Command, Envelope, RequestId, Timestamp};

    use super::*;

    fn keys(byte: u8) -> Keyring {
        use base64::Engine as _;
        Keyring::read(&base64::engine::general_purpose::STANDARD.encode([byte; 32])).unwrap()
    }

    fn method(secret: &str) -> AuthMethod {
        let ca = rcgen::generate_simple_self_signed(vec!["k".to_owned()]).unwrap().cert.pem();
        let config = json!({ "Host": "https://k", "CACert": ca, "ServiceAccountJWT": secret });
        let Value::Object(config) = config else { unreachable!() };
        AuthMethod { name: "k".to_owned(), kind: "kubernetes".to_owned(), config, ..AuthMethod::default() }
    }

    fn with(method: &AuthMethod) -> State {
        let command = Command::Acl(Box::new(AclOp::MethodSet(Box::new(method.clone()))));
        let envelope = Envelope { id: RequestId { origin: 1, sequence: 1 }, settled: 0, at: Timestamp(0), command };
        let outcome = weft_state::apply(&State::default(), 1, &envelope);
        outcome.reply.unwrap();
        outcome.state
    }

    #[test]
    fn a_secret_is_sealed_and_the_same_one_stays_as_it_is() {
        let clear = method("a.b.c");
        let sealed = stored(&keys(1), clear.clone(), &State::default()).unwrap();
        assert!(is_sealed_text(secret(&sealed, "ServiceAccountJWT").unwrap()));
        let state = with(&sealed);
        assert_eq!(stored(&keys(1), clear.clone(), &state).unwrap(), sealed, "given once more");
        assert_eq!(stored(&keys(1), sealed.clone(), &state).unwrap(), sealed, "sent back");
        assert_eq!(stored(&Keyring::default(), sealed.clone(), &state).unwrap(), sealed, "without the key too");
        assert_eq!(stored(&Keyring::default(), clear.clone(), &State::default()).unwrap(), clear);
    }

    #[test]
    fn nothing_clear_is_written_beside_sealed_secrets_and_nothing_sealed_from_elsewhere() {
        let sealed = stored(&keys(1), method("a.b.c"), &State::default()).unwrap();
        let refused = stored(&Keyring::default(), method("d.e.f"), &with(&sealed)).unwrap_err();
        assert!(refused.contains("connect.ca_seal_key_file"), "{refused}");
        let refused = stored(&keys(1), sealed, &State::default()).unwrap_err();
        assert!(refused.contains("sealed form"), "{refused}");
        let refused = stored(&keys(1), method("no token"), &State::default()).unwrap_err();
        assert!(refused.contains("not a valid JWT"), "{refused}");
    }
}
