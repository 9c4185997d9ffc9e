#![allow(clippy::unwrap_used)]

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use weft_ca::cert::Facts;
use weft_ca::{CaKey, KeySpec, config};
use weft_model::ca::CaState;
use weft_model::{Command, Topic};
use weft_state::{State, StateView};

use super::*;
use crate::testing;

struct Rig {
    store: Arc<Store>,
    authority: LocalAuthority,
    _log: JoinHandle<()>,
}

impl Rig {
    async fn start(state: State, data_dir: Option<&TempDir>) -> Self {
        Self::sealed(state, data_dir, Keyring::default()).await
    }

    async fn sealed(state: State, data_dir: Option<&TempDir>, keys: Keyring) -> Self {
        let (store, log) = testing::store(state);
        found(&store, &config::default_config(), &keys).await.unwrap();
        let data_dir = data_dir.map(|dir| dir.path().to_owned());
        let authority = LocalAuthority::new(Arc::clone(&store), Ledger::default(), "dc1".into(), data_dir, keys);
        Self { store, authority, _log: log }
    }

    fn ca(&self) -> Arc<CaState> {
        StateView::new(&self.store.current()).ca().unwrap().value
    }

    async fn leaf(&self, service: &str) -> IssuedLeaf {
        self.authority.leaf(service.into()).await.unwrap()
    }

    async fn newer(&self, former: &IssuedLeaf) -> IssuedLeaf {
        let next = self.authority.leaf_after(former.leaf.service.clone(), former.index);
        timeout(Duration::from_secs(30), next).await.unwrap().unwrap()
    }
}

fn first_certificate(leaf: &IssuedLeaf) -> Facts {
    Facts::from_pem(leaf.leaf.cert_pem.split_inclusive("-----END CERTIFICATE-----\n").next().unwrap()).unwrap()
}

#[tokio::test]
async fn a_leaf_has_its_identity_a_committed_number_and_its_record_as_index() {
    let rig = Rig::start(State::default(), None).await;
    let web = rig.leaf("web").await;
    let domain = &rig.ca().trust_domain;
    assert_eq!(web.leaf.service_uri, format!("spiffe://{domain}/ns/default/dc/dc1/svc/web"));
    assert_eq!(first_certificate(&web).uris, [web.leaf.service_uri.as_str()]);
    assert_eq!(first_certificate(&web).serial_number, web.leaf.serial_number);
    assert_eq!(web.index, rig.store.current().index());
    assert_eq!(rig.leaf("web").await, web);
    let api = rig.leaf("api").await;
    assert!(api.leaf.serial_number != web.leaf.serial_number && api.index > web.index);
}

#[tokio::test]
async fn names_without_an_identity_get_no_leaf() {
    let rig = Rig::start(State::default(), None).await;
    let index = rig.store.current().index();
    let refused = rig.authority.leaf("".into()).await.unwrap_err();
    assert!(matches!(refused, AuthorityError::Invalid(_)), "{refused:?}");
    assert_eq!(rig.store.current().index(), index);
}

#[tokio::test]
async fn a_restarted_agent_serves_the_same_leaf_from_a_private_file() {
    let dir = TempDir::new().unwrap();
    let rig = Rig::start(State::default(), Some(&dir)).await;
    let leaf = rig.leaf("web é").await;
    let folder = dir.path().join("leaves");
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1);
    assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    let again = Rig::start(State::clone(&rig.store.current()), Some(&dir)).await;
    let index = again.store.current().index();
    assert_eq!(again.leaf("web é").await, leaf);
    assert_eq!(again.store.current().index(), index);
}

#[tokio::test]
async fn a_kept_leaf_that_is_torn_or_of_another_cluster_is_issued_anew() {
    let dir = TempDir::new().unwrap();
    let rig = Rig::start(State::default(), Some(&dir)).await;
    let leaf = rig.leaf("web").await;
    let stranger = Rig::start(State::default(), Some(&dir)).await;
    assert_ne!(stranger.leaf("web").await.leaf.service_uri, leaf.leaf.service_uri);
    let file = std::fs::read_dir(dir.path().join("leaves")).unwrap().next().unwrap().unwrap().path();
    std::fs::write(file, b"{").unwrap();
    let again = Rig::start(State::clone(&rig.store.current()), Some(&dir)).await;
    assert_ne!(again.leaf("web").await, leaf);
}

async fn rotate(rig: &Rig) {
    let key = CaKey::generate(KeySpec::from_config("ec", 256).unwrap()).unwrap();
    let mut wanted = config::default_config();
    wanted.config.insert("PrivateKey".into(), json!(key.private_pem().0));
    rig.authority.configure(wanted).await.unwrap();
}

#[tokio::test]
async fn a_new_root_is_staged_then_signs_and_leaves_follow_with_the_way_back() {
    let rig = Rig::start(State::default(), None).await;
    let old = rig.leaf("web").await;
    let mut watch = rig.store.subscribe([Topic::Ca].into());
    let before = rig.store.current().index();
    rotate(&rig).await;
    watch.changed().await;
    let ca = rig.ca();
    assert_eq!(ca.roots.len(), 2);
    assert!(rig.store.current().index() >= before + 2, "staging and activation are two steps");
    let new = rig.newer(&old).await;
    assert_eq!(new.leaf.root_id, ca.active_root().unwrap().id);
    assert_ne!(new.leaf.root_id, old.leaf.root_id);
    assert_eq!(new.leaf.cert_pem.matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(new.create_index, old.create_index);
}

#[tokio::test]
async fn a_leaf_that_nobody_wants_any_more_is_let_go() {
    let dir = TempDir::new().unwrap();
    let rig = Rig::start(State::default(), Some(&dir)).await;
    let files = || std::fs::read_dir(dir.path().join("leaves")).unwrap().count();
    let (web, api) = (rig.leaf("web").await, rig.leaf("api").await);
    let _wanted = rig.authority.watch("web".into()).unwrap();
    // Each has been asked for since it was issued, so both outlive the first change.
    rotate(&rig).await;
    rig.newer(&web).await;
    rig.newer(&api).await;
    assert_eq!(files(), 2);
    // Asking for the newer one of api was asking, too: it may outlive one more.
    for _ in 0..10 {
        rotate(&rig).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        if files() == 1 {
            return;
        }
    }
    panic!("the leaf of api is still kept");
}

#[tokio::test]
async fn a_change_of_settings_keeps_the_root_and_bad_ones_are_the_callers_fault() {
    let rig = Rig::start(State::default(), None).await;
    let root = rig.ca().active_root().unwrap().id.clone();
    let mut wanted = config::default_config();
    wanted.config.insert("LeafCertTTL".into(), json!("24h"));
    rig.authority.configure(wanted.clone()).await.unwrap();
    assert_eq!(rig.ca().active_root().unwrap().id, root);
    let life = rig.leaf("web").await.leaf;
    assert!(life.valid_before.since(life.valid_after) < Duration::from_secs(25 * 3600));
    let index = rig.store.current().index();
    rig.authority.configure(wanted).await.unwrap();
    assert_eq!(rig.store.current().index(), index, "the same again writes nothing");
    let bogus = CaConfig { provider: "bogus".into(), ..CaConfig::default() };
    let refused = rig.authority.configure(bogus).await.unwrap_err();
    assert_eq!(refused, AuthorityError::Invalid("could not initialize provider: unknown CA provider \"bogus\"".into()));
}

#[tokio::test]
async fn changes_at_the_same_time_all_find_their_place() {
    let rig = Rig::start(State::default(), None).await;
    let change = |hours: u32| {
        let mut wanted = config::default_config();
        wanted.config.insert("LeafCertTTL".into(), json!(format!("{hours}h")));
        rig.authority.configure(wanted)
    };
    let (a, b, c) = tokio::join!(change(10), change(20), change(30));
    a.and(b).and(c).unwrap();
}

#[tokio::test]
async fn the_first_root_is_made_once() {
    let rig = Rig::start(State::default(), None).await;
    let ca = rig.ca();
    found(&rig.store, &config::default_config(), &Keyring::default()).await.unwrap();
    assert_eq!(rig.ca(), ca);
    let other = CaState { trust_domain: "x.consul".into(), ..(*ca).clone() };
    let command = Command::CaUpdate { expected_modify_index: 0, ca: Box::new(other) };
    rig.store.propose(command).await.unwrap_err();
}

fn seal_keys(bytes: &[u8]) -> Keyring {
    use base64::Engine;
    let lines = bytes.iter().map(|byte| base64::engine::general_purpose::STANDARD.encode([*byte; 32]));
    Keyring::read(&lines.collect::<Vec<_>>().join("\n")).unwrap()
}

/// The same cluster, as a server with other sealing keys has it.
async fn with_keys(rig: &Rig, keys: Keyring) -> Rig {
    Rig::sealed(State::clone(&rig.store.current()), None, keys).await
}

fn all_keys(ca: &CaState) -> Vec<&str> {
    ca.roots.iter().map(|root| root.signing_key.0.as_str()).collect()
}

#[tokio::test]
async fn with_a_sealing_key_the_state_holds_sealed_keys_only_and_everything_is_signed() {
    let rig = Rig::sealed(State::default(), None, seal_keys(&[1])).await;
    let old = rig.leaf("web").await;
    rotate(&rig).await;
    let new = rig.newer(&old).await;
    assert_ne!(new.leaf.root_id, old.leaf.root_id);
    assert_eq!(new.leaf.cert_pem.matches("BEGIN CERTIFICATE").count(), 2, "the old root has vouched for the new one");
    let ca = rig.ca();
    assert_eq!(ca.roots.len(), 2);
    assert!(all_keys(&ca).iter().all(|key| key.is_empty() || key.starts_with("weft-sealed:v1:")));
    assert!(ca.active_root().unwrap().signing_key.0.starts_with("weft-sealed:"));
}

#[tokio::test]
async fn a_configuration_that_is_sent_back_keeps_the_sealed_root() {
    let rig = Rig::sealed(State::default(), None, seal_keys(&[1])).await;
    rotate(&rig).await;
    let before = rig.ca();
    let mut shown = before.config.clone();
    assert_eq!(shown.config["PrivateKey"], config::HIDDEN);
    let index = rig.store.current().index();
    rig.authority.configure(shown.clone()).await.unwrap();
    assert_eq!(rig.store.current().index(), index, "the same again writes nothing");
    shown.config.insert("LeafCertTTL".into(), json!("24h"));
    rig.authority.configure(shown).await.unwrap();
    assert_eq!(rig.ca().active_root().unwrap().id, before.active_root().unwrap().id);
    assert!(all_keys(&rig.ca()).iter().all(|key| key.is_empty() || key.starts_with("weft-sealed:")));
}

#[tokio::test]
async fn without_the_sealing_key_the_refusal_names_it_and_uses_no_number_up() {
    let rig = Rig::sealed(State::default(), None, seal_keys(&[1])).await;
    let id = seal_keys(&[1]).first_id().unwrap().to_owned();
    for keys in [Keyring::default(), seal_keys(&[2])] {
        let other = with_keys(&rig, keys).await;
        let index = other.store.current().index();
        let refused = other.authority.leaf("web".into()).await.unwrap_err().to_string();
        assert!(refused.contains(&id) && refused.contains("connect.ca_seal_key_file"), "{refused}");
        assert_eq!(other.store.current().index(), index);
    }
    let again = with_keys(&rig, seal_keys(&[2, 1])).await;
    assert_eq!(again.leaf("web").await.leaf.root_id, rig.ca().active_root().unwrap().id);
}

#[tokio::test]
async fn without_the_sealing_key_settings_can_change_and_no_clear_key_is_written() {
    let rig = Rig::sealed(State::default(), None, seal_keys(&[1])).await;
    let lost = with_keys(&rig, Keyring::default()).await;
    let mut wanted = config::default_config();
    wanted.config.insert("LeafCertTTL".into(), json!("24h"));
    lost.authority.configure(wanted).await.unwrap();
    let new_root = |force_without_cross_signing: bool| {
        let key = CaKey::generate(KeySpec::from_config("ec", 256).unwrap()).unwrap();
        let mut wanted = CaConfig { force_without_cross_signing, ..config::default_config() };
        wanted.config.insert("PrivateKey".into(), json!(key.private_pem().0));
        wanted
    };
    let refused = lost.authority.configure(new_root(false)).await.unwrap_err().to_string();
    assert!(refused.contains("cross-signing") && refused.contains("connect.ca_seal_key_file"), "{refused}");
    let refused = lost.authority.configure(new_root(true)).await.unwrap_err().to_string();
    assert!(refused.contains("connect.ca_seal_key_file"), "{refused}");
    // The way out when a sealing key is lost: another one, and a root that nobody vouches for.
    let other = with_keys(&lost, seal_keys(&[2])).await;
    other.authority.configure(new_root(true)).await.unwrap();
    assert!(other.ca().active_root().unwrap().signing_key.0.starts_with("weft-sealed:"));
    other.leaf("web").await;
}

#[tokio::test]
async fn more_leaves_than_a_second_allows_are_refused_at_first_and_made_in_their_turn() {
    let rig = Rig::start(State::default(), None).await;
    let mut wanted = config::default_config();
    wanted.config.insert("CSRMaxPerSecond".into(), json!(0.3));
    rig.authority.configure(wanted).await.unwrap();
    rig.leaf("a").await;
    let asked = tokio::time::Instant::now();
    let refused = rig.authority.leaf("b".into()).await.unwrap_err();
    assert_eq!(refused, AuthorityError::Unavailable("Rate limit reached, try again later".into()));
    let mut watch = rig.authority.watch("b".into()).unwrap();
    let issued = async {
        while watch.current().is_none() {
            watch.changed().await;
        }
    };
    timeout(Duration::from_secs(20), issued).await.unwrap();
    assert!(asked.elapsed() >= Duration::from_millis(500), "{:?}", asked.elapsed());
    assert_eq!(rig.leaf("b").await.leaf.service, "b");
}
