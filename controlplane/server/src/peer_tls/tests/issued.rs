//! Join secrets.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rustls::RootCertStore;

use super::super::holder::{Credentials, Holder};
use super::super::issuer::Issuer;
use super::super::role::Role;
use super::super::secret::JoinSecret;
use super::super::{generate, link};
use super::support::{assert_refused, config, link_of, meet, meet_as};

#[tokio::test]
async fn servers_with_the_same_secret_talk() {
    let secret = generate();
    for datacenter in ["dc1", "my-dc_2"] {
        let (one, two) = (config(datacenter, &secret), config(datacenter, &secret));
        let (answer, log) = meet(link_of(&one, 1).tls(), link_of(&two, 2).tls()).await;
        assert_eq!(answer.unwrap(), "yes");
        assert_eq!(log, "");
    }
}

#[tokio::test]
async fn another_secret_is_named_as_the_reason_at_both_ends() {
    let (one, two) = (config("dc1", &generate()), config("dc1", &generate()));
    let met = meet(link_of(&one, 1).tls(), link_of(&two, 2).tls()).await;
    assert_refused(&met, "the join secret (encrypt)", "the join secret (encrypt)");
}

#[tokio::test]
async fn another_datacenter_is_refused_by_both_ends() {
    let secret = generate();
    let (one, two) = (config("dc1", &secret), config("dc2", &secret));
    let met = meet(link_of(&one, 1).tls(), link_of(&two, 2).tls()).await;
    assert_refused(&met, "must name server.dc1.consul, and names server.dc2.consul", "mend --datacenter");
}

#[tokio::test]
async fn a_certificate_speaks_for_its_own_server_only() {
    let secret = generate();
    let (one, two) = (config("dc1", &secret), config("dc1", &secret));
    let met = meet_as(link_of(&one, 1).tls(), 7, link_of(&two, 2).tls()).await;
    assert_refused(&met, "the certificate belongs to server 1", "claims to be server 7's");
    let met = meet(link_of(&one, 1).tls(), link_of(&two, 3).tls()).await;
    assert_refused(&met, "server 2 is meant, but the certificate at this address is server 3's", "");
}

#[tokio::test]
async fn a_clock_that_is_days_off_is_named_as_the_reason() {
    let secret = generate();
    let config = config("dc1", &secret);
    let role = Role::new("dc1", "consul");
    let issuer = Issuer::new(&JoinSecret::read(&secret).unwrap(), role.clone().numbered(2)).unwrap();
    for (offset, reason) in [(-9, "is expired"), (9, "is not valid yet")] {
        let days = Duration::from_secs(24 * 3600 * 9);
        let now = if offset < 0 { SystemTime::now() - days } else { SystemTime::now() + days };
        let odd = link_of(&config, 2);
        odd.holder
            .replace(Credentials::new(issuer.leaf(now).unwrap(), RootCertStore::from_iter(roots(&issuer))).unwrap());
        let met = meet(link_of(&config, 1).tls(), odd.tls()).await;
        assert_refused(&met, reason, "set the clocks");
    }
}

fn roots(issuer: &Issuer) -> Vec<rustls::pki_types::TrustAnchor<'static>> {
    let mut store = RootCertStore::empty();
    store.add(issuer.root().clone()).unwrap();
    store.roots
}

#[tokio::test]
async fn a_renewed_leaf_is_taken_at_once_and_by_all() {
    let secret = generate();
    let config = config("dc1", &secret);
    let (one, two) = (link_of(&config, 1), link_of(&config, 2));
    let first = leaf(&two.holder);
    two.holder.replace(two.source.credentials().unwrap());
    assert_ne!(first, leaf(&two.holder));
    assert_eq!(meet(one.tls(), two.tls()).await.0.unwrap(), "yes");
}

fn leaf(holder: &Holder) -> Vec<u8> {
    holder.current().leaf().to_vec()
}

#[test]
fn without_a_secret_a_server_says_what_it_needs() {
    let mut open = config("dc1", "");
    open.bind = IpAddr::from([0, 0, 0, 0]);
    let refused = |config| format!("{:#}", link(config, 1, false).err().unwrap());
    assert!(refused(&open).contains("weft keygen") && refused(&open).contains("--encrypt"));
    let mut far = config("dc1", "");
    far.cluster.retry_join = vec!["10.0.0.1:8300".into()];
    assert!(refused(&far).contains("weft keygen"));
    let mut near = config("dc1", "");
    near.cluster.retry_join = vec!["127.0.0.1:8300".into(), "localhost:8300".into(), "[::1]:8300".into()];
    assert!(link(&near, 1, false).is_ok());
    assert!(link(&open, 1, true).is_ok(), "whoever is alone has nobody to trust");
}

#[tokio::test]
async fn a_server_that_is_alone_trusts_nobody() {
    let config = config("dc1", "");
    let (alone, development) = (link(&config, 2, true).unwrap(), link_of(&config, 1));
    let met = meet(development.tls(), alone.tls()).await;
    assert_refused(&met, "join secret", "join secret");
    let again = link_of(&config, 2);
    assert_eq!(meet(development.tls(), again.tls()).await.0.unwrap(), "yes");
}

#[test]
fn a_debug_output_holds_no_secret() {
    let secret = generate();
    let config = config("dc1", &secret);
    let shown = format!("{config:?} {:?}", link_of(&config, 1).tls());
    assert!(!shown.contains(&secret), "{shown}");
}
