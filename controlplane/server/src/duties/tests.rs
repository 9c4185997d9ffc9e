#![allow(clippy::unwrap_used)]

use serde_json::json;
use weft_ca::CaKey;
use weft_ca::rotation::{self, Activation, Draw};
use weft_model::ca::CaState;
use weft_model::{Envelope, RequestId};

use super::*;
use crate::clock::now;

const HOUR: Duration = Duration::from_secs(3600);

/// A state whose CA was founded at `at`.
fn founded(at: Timestamp) -> State {
    let domain = weft_ca::TrustDomain::of_cluster("30976b10-1e07-f80a-d0c2-d985611970e8").unwrap();
    let config = weft_ca::config::default_config();
    let ca = rotation::bootstrap(&domain, &config, &Draw::new(at), &mut CaKey::generate).unwrap();
    after(&State::default(), Command::CaUpdate { expected_modify_index: 0, ca: Box::new(ca) })
}

fn after(state: &State, command: Command) -> State {
    let envelope =
        Envelope { id: RequestId { origin: 1, sequence: state.index() + 1 }, settled: 0, at: now(), command };
    let outcome = weft_state::apply(state, state.index() + 1, &envelope);
    outcome.reply.unwrap();
    outcome.state
}

fn ca_of(state: &State) -> Arc<CaState> {
    StateView::new(state).ca().unwrap().value
}

/// The state after every duty that has something to do.
fn perform_all(mut state: State, at: Timestamp, ca_unchanged: Duration) -> State {
    for duty in DUTIES {
        if let Some(command) = (duty.plan)(&state, Moment { now: at, ca_unchanged, keys: &Keyring::default() }).unwrap()
        {
            state = after(&state, command);
        }
    }
    state
}

#[test]
fn a_fresh_ca_gives_nothing_to_do() {
    let start = now();
    let state = founded(start);
    assert_eq!(ca_of(&perform_all(state.clone(), start, HOUR)), ca_of(&state));
}

#[test]
fn a_root_that_was_left_staged_is_activated_after_a_while() {
    let start = now();
    let state = founded(start);
    let ca = ca_of(&state);
    let staged = rotation::rotate(&ca, Activation::Later, &Draw::new(start), &mut CaKey::generate).unwrap();
    let state = after(&state, Command::CaUpdate { expected_modify_index: 1, ca: Box::new(staged) });
    let first = ca.active_root().unwrap().id.clone();
    let soon = perform_all(state.clone(), start, Duration::from_secs(5));
    assert_eq!(ca_of(&soon).active_root().unwrap().id, first);
    let later = perform_all(state, start, Duration::from_secs(31));
    assert_ne!(ca_of(&later).active_root().unwrap().id, first);
}

#[test]
fn a_root_that_grows_old_is_replaced_and_then_pruned() {
    let start = now();
    let state = founded(start);
    let late = start.plus(HOUR * 24 * 365 * 10 - HOUR * 24 * 30);
    let state = perform_all(state, late, HOUR);
    assert_eq!(ca_of(&state).roots.len(), 2);
    let state = perform_all(state, late, HOUR);
    let ca = ca_of(&state);
    assert_eq!((ca.roots.len(), ca.roots.iter().position(|root| root.active)), (2, Some(1)));
    let state = perform_all(state, late.plus(HOUR * 145), HOUR);
    assert_eq!(ca_of(&state).roots.len(), 1);
}

#[test]
fn an_operators_root_is_left_to_the_operator() {
    let start = now();
    let state = founded(start);
    let key = CaKey::generate(weft_ca::KeySpec::from_config("ec", 256).unwrap()).unwrap();
    let mut wanted = weft_ca::config::default_config();
    wanted.config.insert("PrivateKey".into(), json!(key.private_pem().0));
    let plan = rotation::plan(&ca_of(&state), &wanted, Activation::AtOnce, &Draw::new(start), &mut CaKey::generate);
    let rotation::Plan::Rotate(own) = plan.unwrap() else { panic!("a new key is a new root") };
    let state = after(&state, Command::CaUpdate { expected_modify_index: 1, ca: Box::new(own) });
    let late = start.plus(HOUR * 24 * 365 * 10 - HOUR * 24 * 30);
    let plan = ca::replace_ageing(&state, Moment { now: late, ca_unchanged: HOUR, keys: &Keyring::default() }).unwrap();
    assert_eq!(plan, None);
}

#[test]
fn clear_keys_are_sealed_once_and_an_ageing_root_is_replaced_by_a_sealed_one() {
    use base64::Engine;
    let start = now();
    let keys = Keyring::read(&base64::engine::general_purpose::STANDARD.encode([7; 32])).unwrap();
    let moment = Moment { now: start, ca_unchanged: HOUR, keys: &keys };
    let state = founded(start);
    let state = after(&state, ca::seal_keys(&state, moment).unwrap().unwrap());
    assert!(ca_of(&state).roots[0].signing_key.0.starts_with("weft-sealed:"));
    assert_eq!(ca::seal_keys(&state, moment).unwrap(), None);
    let none = Keyring::default();
    assert_eq!(ca::seal_keys(&founded(start), Moment { keys: &none, ..moment }).unwrap(), None);
    let late = start.plus(HOUR * 24 * 365 * 10 - HOUR * 24 * 30);
    let state = after(&state, ca::replace_ageing(&state, Moment { now: late, ..moment }).unwrap().unwrap());
    let roots = &ca_of(&state).roots;
    assert!(roots.len() == 2 && roots.iter().all(|root| root.signing_key.0.starts_with("weft-sealed:")));
}

#[test]
fn a_clear_secret_of_an_auth_method_is_sealed_unless_it_changes_meanwhile() {
    use weft_model::acl::{AclOp, AuthMethod};
    let config = json!({ "ServiceAccountJWT": "a.b.c" }).as_object().unwrap().clone();
    let method = AuthMethod { name: "k".into(), kind: "kubernetes".into(), config, ..AuthMethod::default() };
    let set = |method: &AuthMethod| Command::Acl(Box::new(AclOp::MethodSet(Box::new(method.clone()))));
    let state = after(&State::default(), set(&method));
    let keys = Keyring::read(&crate::generate_join_secret()).unwrap();
    let moment = Moment { now: now(), ca_unchanged: HOUR, keys: &keys };
    let command = secrets::seal(&state, moment).unwrap().unwrap();
    let sealed = after(&state, command.clone());
    let stored = StateView::new(&sealed).auth_method("k").unwrap();
    assert_eq!(*keys.open_method(&stored.value).unwrap(), method);
    assert_ne!(*stored.value, method);
    assert_eq!(stored.modify_index, 1, "readers see no change");
    assert!(secrets::seal(&sealed, moment).unwrap().is_none());

    let newer = after(&state, set(&AuthMethod { description: "newer".into(), ..method }));
    let envelope = Envelope { id: RequestId { origin: 1, sequence: 9 }, settled: 0, at: now(), command };
    assert_eq!(weft_state::apply(&newer, 3, &envelope).reply, Err(ApplyError::Stale));
}
