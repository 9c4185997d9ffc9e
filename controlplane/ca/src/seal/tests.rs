#![allow(clippy::unwrap_used)]

use weft_model::ca::{CaRoot, CaState};

use super::state::{self, Condition};
use super::*;

const PLACE: &str = "aa:bb";

fn line(byte: u8) -> String {
    STANDARD.encode([byte; KEY_LEN])
}

fn ring(bytes: &[u8]) -> Keyring {
    Keyring::read(&bytes.iter().map(|byte| line(*byte)).collect::<Vec<_>>().join("\n")).unwrap()
}

fn pem() -> PrivateKeyPem {
    PrivateKeyPem("-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n".to_owned())
}

#[test]
fn what_is_sealed_opens_and_looks_like_nothing() {
    let keys = ring(&[1]);
    let sealed = keys.seal(PLACE, &pem()).unwrap();
    assert!(sealed.0.starts_with("weft-sealed:v1:") && !sealed.0.contains("c2VjcmV0"), "{}", sealed.0);
    assert_eq!(sealed_with(&sealed), keys.first_id());
    assert_eq!(keys.open(PLACE, &sealed).unwrap(), pem());
    assert_ne!(keys.seal(PLACE, &pem()).unwrap(), sealed, "each time another nonce");
}

#[test]
fn without_sealing_keys_nothing_changes_and_no_key_is_sealed() {
    let none = Keyring::default();
    assert_eq!(none.seal(PLACE, &pem()).unwrap(), pem());
    assert_eq!(none.open(PLACE, &pem()).unwrap(), pem());
    assert_eq!(ring(&[1]).open(PLACE, &pem()).unwrap(), pem(), "a clear key stays usable");
    assert_eq!(ring(&[1]).seal(PLACE, &PrivateKeyPem::default()).unwrap(), PrivateKeyPem::default());
}

#[test]
fn another_key_another_place_and_no_key_are_told_apart() {
    let sealed = ring(&[1]).seal(PLACE, &pem()).unwrap();
    let id = ring(&[1]).first_id().unwrap().to_owned();
    let unknown = ring(&[2]).open(PLACE, &sealed).unwrap_err();
    assert_eq!(unknown, SealError::UnknownKey { id: id.clone() });
    assert!(unknown.to_string().contains(&id) && unknown.to_string().contains("connect.ca_seal_key_file"));
    let none = Keyring::default().open(PLACE, &sealed).unwrap_err();
    assert_eq!(none, SealError::NoKeys { id: id.clone() });
    assert!(none.to_string().contains(&id) && none.to_string().contains("connect.ca_seal_key_file"));
    assert_eq!(ring(&[1]).open("aa:cc", &sealed).unwrap_err(), SealError::Damaged { id });
}

#[test]
fn every_cut_and_every_changed_character_is_noticed() {
    let keys = ring(&[1]);
    let sealed = keys.seal(PLACE, &pem()).unwrap().0;
    for length in MARK.len()..sealed.len() {
        keys.open(PLACE, &PrivateKeyPem(sealed[..length].to_owned())).unwrap_err();
    }
    for at in MARK.len()..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert!(keys.open(PLACE, &PrivateKeyPem(changed.clone())).is_err(), "{at}: {changed}");
    }
}

#[test]
fn a_key_file_may_hold_comments_and_a_fault_names_its_line_only() {
    let text = format!("# of today\n{}\n\n  {}  \n", line(1), line(2));
    let keys = Keyring::read(&text).unwrap();
    assert_eq!((keys.0.len(), keys.first_id()), (2, ring(&[1]).first_id()));
    for (text, words) in [
        ("", "holds no key"),
        ("# only this\n", "holds no key"),
        ("\nsecret text\n", "line 2 is not base64"),
        ("c2VjcmV0", "line 1 holds 6 bytes"),
    ] {
        let fault = Keyring::read(text).unwrap_err();
        assert!(fault.contains(words) && fault.contains("weft keygen") && !fault.contains("secret"), "{fault}");
    }
    let shown = format!("{keys:?}");
    assert!(shown.contains(keys.first_id().unwrap()) && !shown.contains(&line(1)), "{shown}");
}

#[test]
fn every_line_opens_and_the_first_one_seals() {
    let sealed = ring(&[1]).seal(PLACE, &pem()).unwrap();
    let both = ring(&[2, 1]);
    assert_eq!(both.open(PLACE, &sealed).unwrap(), pem());
    assert_eq!(sealed_with(&both.seal(PLACE, &pem()).unwrap()), ring(&[2]).first_id());
}

fn ca(keys: &[(&str, PrivateKeyPem)]) -> CaState {
    let root = |(id, key): &(&str, PrivateKeyPem)| CaRoot {
        id: (*id).to_owned(),
        signing_key: key.clone(),
        ..CaRoot::default()
    };
    CaState { roots: keys.iter().map(root).collect(), ..CaState::default() }
}

#[test]
fn a_state_is_sealed_whole_and_a_root_without_a_key_stays_without() {
    let clear = ca(&[("a", PrivateKeyPem::default()), ("b", pem())]);
    let keys = ring(&[1]);
    let sealed = state::seal(&keys, &clear, clear.clone()).unwrap();
    assert_eq!(sealed.roots[0].signing_key, PrivateKeyPem::default());
    assert_eq!(sealed_with(&sealed.roots[1].signing_key), keys.first_id());
    assert_eq!(*state::open(&keys, &sealed), clear);
    assert_eq!(*state::open(&Keyring::default(), &sealed), sealed, "carried along");
    assert_eq!(state::seal(&keys, &sealed, sealed.clone()).unwrap(), sealed);
}

#[test]
fn no_clear_key_is_written_beside_sealed_ones() {
    let sealed = ca(&[("a", ring(&[1]).seal("a", &pem()).unwrap())]);
    let next = ca(&[("a", sealed.roots[0].signing_key.clone()), ("b", pem())]);
    assert_eq!(state::seal(&Keyring::default(), &sealed, next).unwrap_err(), SealError::Unsealed);
    assert_eq!(state::seal(&Keyring::default(), &sealed, sealed.clone()).unwrap(), sealed);
}

#[test]
fn keys_that_are_clear_or_under_an_older_line_are_sealed_anew_and_then_rest() {
    let (old, both) = (ring(&[1]), ring(&[2, 1]));
    for start in [ca(&[("a", pem())]), ca(&[("a", old.seal("a", &pem()).unwrap())])] {
        let next = state::reseal(&both, &start).unwrap().unwrap();
        assert_eq!(ring(&[2]).open("a", &next.roots[0].signing_key).unwrap(), pem());
        assert_eq!(state::reseal(&both, &next).unwrap(), None);
        assert_eq!(state::reseal(&Keyring::default(), &start).unwrap(), None);
    }
    let strange = ca(&[("a", ring(&[3]).seal("a", &pem()).unwrap())]);
    assert_eq!(state::reseal(&both, &strange).unwrap(), None, "what cannot be opened stays");
}

#[test]
fn the_condition_says_who_cannot_sign_and_what_lies_open() {
    let (clear, sealed) = (ca(&[("a", pem())]), ca(&[("a", ring(&[1]).seal("a", &pem()).unwrap())]));
    let none = Keyring::default();
    assert_eq!(state::condition(&none, &clear), Condition::Clear);
    assert_eq!(state::condition(&ring(&[1]), &clear), Condition::Good);
    assert_eq!(state::condition(&ring(&[1]), &sealed), Condition::Good);
    assert!(matches!(state::condition(&ring(&[2]), &sealed), Condition::Shut(SealError::UnknownKey { .. })));
    assert!(matches!(state::condition(&none, &sealed), Condition::Shut(SealError::NoKeys { .. })));
    assert_eq!(state::condition(&none, &ca(&[("a", PrivateKeyPem::default())])), Condition::Good);
}
