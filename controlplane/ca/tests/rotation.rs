//! The life of the CA: bootstrap, changes of configuration, new roots, old roots leaving.
#![allow(clippy::unwrap_used)]

mod common;

use common::{DAY, End, HOUR, LEAF_TTL, domain, draw, handshake, leaf, new_root, now};
use serde_json::{Value, json};
use weft_ca::cert::Facts;
use weft_ca::config::{self, PROVIDER};
use weft_ca::rotation::{self, Activation, Plan};
use weft_ca::{CaError, CaKey, KeySpec};
use weft_model::Timestamp;
use weft_model::ca::{CaConfig, CaRoot, CaState};

fn config(values: Value) -> CaConfig {
    CaConfig {
        provider: PROVIDER.into(),
        config: values.as_object().unwrap().clone(),
        force_without_cross_signing: false,
    }
}

fn started() -> CaState {
    rotation::bootstrap(&domain(), &config::default_config(), &draw(now()), &mut CaKey::generate).unwrap()
}

fn plan(state: &CaState, wanted: &CaConfig) -> Result<Plan, CaError> {
    rotation::plan(state, wanted, Activation::AtOnce, &draw(now()), &mut CaKey::generate)
}

fn rotated(plan: Result<Plan, CaError>) -> CaState {
    let plan = plan.unwrap();
    let Plan::Rotate(state) = plan else { panic!("no rotation: {plan:?}") };
    state
}

fn reconfigured(plan: Result<Plan, CaError>) -> CaState {
    let plan = plan.unwrap();
    let Plan::Reconfigure(state) = plan else { panic!("no reconfiguration: {plan:?}") };
    state
}

/// A state after one rotation to a generated root.
fn succeeded(state: &CaState, at: Timestamp) -> CaState {
    rotation::rotate(state, Activation::AtOnce, &draw(at), &mut CaKey::generate).unwrap()
}

fn ids(state: &CaState) -> Vec<&str> {
    state.roots.iter().map(|root| root.id.as_str()).collect()
}

fn material() -> (CaRoot, Value) {
    let root = new_root(KeySpec::EcP256);
    let values = json!({"PrivateKey": root.signing_key.0, "RootCert": root.root_cert});
    (root, values)
}

#[test]
fn a_cluster_starts_with_one_active_root() {
    let state = started();
    assert_eq!(state.trust_domain, domain().as_str());
    assert_eq!(state.config, config::default_config());
    let root = state.active_root().unwrap();
    assert_eq!(state.roots.len(), 1);
    assert_eq!((root.rotated_out_at, root.private_key_bits), (None, 256));
    assert!(leaf(root, "web", now()).valid_before > now());
}

#[test]
fn the_configured_kind_of_key_is_used() {
    for (values, spec) in [
        (json!({"PrivateKeyBits": 384}), KeySpec::EcP384),
        (json!({"PrivateKeyBits": 521}), KeySpec::EcP521),
        (json!({"PrivateKeyType": "rsa", "PrivateKeyBits": 2048}), KeySpec::Rsa2048),
    ] {
        let state = rotation::bootstrap(&domain(), &config(values), &draw(now()), &mut CaKey::generate).unwrap();
        let root = state.active_root().unwrap();
        assert_eq!((root.private_key_type.as_str(), root.private_key_bits), (spec.key_type(), spec.bits()));
    }
}

#[test]
fn other_settings_leave_the_root_alone() {
    let state = started();
    assert_eq!(plan(&state, &state.config), Ok(Plan::Unchanged));
    let next = reconfigured(plan(
        &state,
        &config(json!({"leaf_cert_ttl": "2h", "PrivateKeyType": "ec", "PrivateKeyBits": 384})),
    ));
    assert_eq!(next.roots, state.roots);
    // A new configuration replaces the old one whole.
    assert_eq!(
        Value::Object(next.config.config),
        json!({"LeafCertTTL": "2h", "PrivateKeyType": "ec", "PrivateKeyBits": 384})
    );
}

#[test]
fn a_bad_configuration_plans_nothing() {
    let state = started();
    for values in
        [json!({"LeafCertTTL": "1m"}), json!({"Foo": 1}), json!({"PrivateKey": "x"}), json!({"RootCert": "x"})]
    {
        assert!(plan(&state, &config(values)).is_err());
    }
    let vault = CaConfig { provider: "vault".into(), ..CaConfig::default() };
    assert_eq!(plan(&state, &vault), Err(CaError::UnknownProvider("vault".into())));
}

#[test]
fn operator_material_becomes_the_active_root() {
    let state = started();
    let (operators, values) = material();
    let next = rotated(plan(&state, &config(values)));
    assert_eq!(ids(&next), [state.roots[0].id.as_str(), operators.id.as_str()]);
    assert_eq!(next.active_root().unwrap().id, operators.id);
    assert_eq!(next.trust_domain, state.trust_domain);

    let (old, new) = (&next.roots[0], &next.roots[1]);
    assert_eq!((old.active, old.rotated_out_at), (false, Some(now())));
    assert_eq!(old.signing_key.0, "", "a root that signs no more keeps no key");
    assert_eq!(new.intermediate_certs.len(), 1);
    let copy = Facts::from_pem(&new.intermediate_certs[0]).unwrap();
    assert!(copy.is_issued_by(&Facts::from_pem(&old.root_cert).unwrap()));
    assert_eq!(copy.signing_key_id(), new.signing_key_id);
}

#[test]
fn leaves_verify_all_through_a_rotation() {
    let before = started();
    let after = succeeded(&before, now());
    let (old, new) = (before.active_root().unwrap(), after.active_root().unwrap());
    let (old_leaf, new_leaf) = (leaf(old, "web", now()), leaf(new, "api", now()));
    for web_trusts in [&[old][..], &[old, new]] {
        for api_trusts in [&[old][..], &[old, new]] {
            for (web, api) in [(&old_leaf, &old_leaf), (&old_leaf, &new_leaf), (&new_leaf, &new_leaf)] {
                let (web, api) = (End { leaf: web, trusts: web_trusts }, End { leaf: api, trusts: api_trusts });
                assert!(handshake(web, api, now()).is_ok() && handshake(api, web, now()).is_ok());
            }
        }
    }
}

#[test]
fn two_rotations_in_a_row_leave_nobody_behind() {
    let first = started();
    let second = succeeded(&first, now());
    let third = succeeded(&second, now().plus(HOUR));
    let newest = leaf(third.active_root().unwrap(), "web", now().plus(HOUR));
    for known in &third.roots {
        let end = End { leaf: &newest, trusts: &[known] };
        assert!(handshake(end, end, now().plus(HOUR)).is_ok(), "to one who knows {} only", known.id);
    }
    let many = (0..6).fold(third, |state, _| succeeded(&state, now().plus(HOUR)));
    assert_eq!(many.active_root().unwrap().intermediate_certs.len(), 3);
}

#[test]
fn force_leaves_the_cross_signing_out() {
    let state = started();
    let (_, values) = material();
    let wanted = CaConfig { force_without_cross_signing: true, ..config(values) };
    let next = rotated(plan(&state, &wanted));
    assert!(next.active_root().unwrap().intermediate_certs.is_empty());
}

#[test]
fn a_root_that_cannot_vouch_stops_the_rotation_unless_forced() {
    let mut state = started();
    state.roots[0].signing_key.0.clear();
    let (_, values) = material();
    let refused = plan(&state, &config(values.clone())).unwrap_err();
    assert!(matches!(refused, CaError::CrossSigning(_)) && refused.to_string().contains("ForceWithoutCrossSigning"));
    let forced = CaConfig { force_without_cross_signing: true, ..config(values) };
    assert_eq!(rotated(plan(&state, &forced)).roots.len(), 2);
}

#[test]
fn a_shown_configuration_sent_back_keeps_the_root() {
    let (_, values) = material();
    let state = rotated(plan(&started(), &config(values.clone())));
    assert_eq!(state.config.config["PrivateKey"], config::HIDDEN);
    let mut shown = state.config.clone();
    assert_eq!(plan(&state, &shown), Ok(Plan::Unchanged));
    shown.config.insert("LeafCertTTL".into(), "2h".into());
    let next = reconfigured(plan(&state, &shown));
    assert_eq!((next.roots, &next.config.config["LeafCertTTL"]), (state.roots.clone(), &json!("2h")));
    // A server that cannot open the key need not: it is only kept.
    let mut sealed = state.clone();
    for root in &mut sealed.roots {
        root.signing_key.0 = "weft-sealed:v1:0011223344556677:AAAA".into();
    }
    assert_eq!(plan(&sealed, &state.config), Ok(Plan::Unchanged));
    assert_eq!(reconfigured(plan(&sealed, &shown)).roots, sealed.roots);
    // The key itself, once more, is the same wish.
    assert_eq!(plan(&state, &config(values)), Ok(Plan::Unchanged));
    // The word cannot stand for another root's key.
    shown.config.insert("RootCert".into(), new_root(KeySpec::EcP256).root_cert.into());
    assert!(plan(&state, &shown).unwrap_err().to_string().contains("PrivateKey"));
}

#[test]
fn an_operators_key_alone_gets_a_root_of_its_own() {
    let key = common::p256();
    let wanted = config(json!({"PrivateKey": key.private_pem().0}));
    let next = rotated(plan(&started(), &wanted));
    let root = next.active_root().unwrap();
    assert_eq!(Facts::from_pem(&root.root_cert).unwrap().public_key, key.public_key());
    assert_eq!(plan(&next, &wanted), Ok(Plan::Unchanged));
}

#[test]
fn taking_the_material_out_goes_back_to_a_generated_root() {
    let (operators, values) = material();
    let state = rotated(plan(&started(), &config(values)));
    assert!(rotation::has_operator_root(&state));
    let next = rotated(plan(&state, &config(json!({}))));
    assert_ne!(next.active_root().unwrap().id, operators.id);
    assert_eq!(next.roots.len(), 3);
    assert!(!rotation::has_operator_root(&next));
}

#[test]
fn a_root_that_comes_back_is_listed_once() {
    let ((first, first_values), (second, second_values)) = (material(), material());
    let mut state = started();
    for values in [&first_values, &second_values, &first_values] {
        state = rotated(plan(&state, &config(values.clone())));
    }
    assert_eq!(ids(&state)[1..], [second.id.as_str(), first.id.as_str()]);
    assert_eq!(state.active_root().unwrap().id, first.id);
    assert_eq!(state.roots.iter().filter(|root| root.active).count(), 1);
}

#[test]
fn a_staged_root_is_listed_first_and_signs_later() {
    let state = started();
    let old = state.roots[0].id.clone();
    let (new, values) = material();
    let staged = rotation::plan(&state, &config(values), Activation::Later, &draw(now()), &mut CaKey::generate);
    let staged = rotated(staged);
    assert_eq!(staged.active_root().unwrap().id, old);
    assert_eq!(ids(&staged), [old.as_str(), new.id.as_str()]);
    assert_eq!(rotation::prune(&staged, now().plus(DAY * 365)), Ok(None));
    // The same wish again is already on its way.
    assert_eq!(plan(&staged, &staged.config), Ok(Plan::Unchanged));

    let active = rotation::activate(&staged, now().plus(HOUR)).unwrap();
    assert_eq!(active.active_root().unwrap().id, new.id);
    assert_eq!(active.roots[0].rotated_out_at, Some(now().plus(HOUR)));
    assert_eq!(rotation::activate(&active, now()), None);
}

#[test]
fn a_staged_root_gives_way_to_the_next_wish() {
    let (first, first_values) = material();
    let state = rotated(plan(&started(), &config(first_values.clone())));
    let (_, second_values) = material();
    let stage = |state: &CaState, values| {
        rotated(rotation::plan(state, &config(values), Activation::Later, &draw(now()), &mut CaKey::generate))
    };
    let staged = stage(&state, second_values);
    // Back to the root that signs: nothing is left of the staged one.
    let back = stage(&staged, first_values);
    assert_eq!(back.roots, state.roots);
    assert_eq!(back.active_root().unwrap().id, first.id);
}

#[test]
fn old_roots_leave_after_two_leaf_lives_and_their_copies_with_them() {
    let state = succeeded(&started(), now());
    let last_moment = now().plus(LEAF_TTL * 2).minus(HOUR / 3600);
    assert_eq!(rotation::prune(&state, last_moment), Ok(None));
    let pruned = rotation::prune(&state, now().plus(LEAF_TTL * 2)).unwrap().unwrap();
    let [only] = pruned.roots.as_slice() else { panic!("{:?}", ids(&pruned)) };
    assert!(only.active && only.intermediate_certs.is_empty());
    assert_eq!(only.id, state.active_root().unwrap().id);
    assert_eq!(rotation::prune(&pruned, now().plus(DAY * 365)), Ok(None));
}

#[test]
fn pruning_keeps_the_copies_that_are_still_of_use() {
    let state = succeeded(&succeeded(&started(), now()), now().plus(DAY));
    assert_eq!(state.active_root().unwrap().intermediate_certs.len(), 2);
    let pruned = rotation::prune(&state, now().plus(LEAF_TTL * 2)).unwrap().unwrap();
    assert_eq!(pruned.roots.len(), 2);
    let [copy] = pruned.active_root().unwrap().intermediate_certs.as_slice() else { panic!() };
    assert!(Facts::from_pem(copy).unwrap().is_issued_by(&Facts::from_pem(&pruned.roots[0].root_cert).unwrap()));
}

#[test]
fn a_root_ages_in_the_last_tenth_of_its_life() {
    let state = started();
    assert_eq!(rotation::is_root_ageing(&state, now()), Ok(false));
    assert_eq!(rotation::is_root_ageing(&state, now().plus(DAY * 3280)), Ok(false));
    assert_eq!(rotation::is_root_ageing(&state, now().plus(DAY * 3300)), Ok(true));
}

#[test]
fn no_plan_shows_a_key_when_printed() {
    let (root, values) = material();
    let plan = plan(&started(), &config(values.clone()));
    let secret = root.signing_key.0.lines().nth(1).unwrap();
    assert!(!format!("{plan:?}").contains(secret) && !format!("{plan:#?}").contains(secret));
    assert!(!format!("{:?}", config(values)).contains(secret));
}

#[test]
fn draws_differ_and_fit() {
    let (one, two) = (draw(now()), draw(now()));
    assert_ne!(one, two);
    assert!(one.tag.len() == 8 && one.tag.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    assert!(one.root_serial > 0 && one.cross_serial > 0);
}
