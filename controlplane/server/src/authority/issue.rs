//! Issuing one leaf: the record is committed first, then the key is made and the leaf is signed.

use weft_api::host::{AuthorityError, IssuedLeaf};
use weft_ca::csr::{self, Grant};
use weft_ca::leaf::{LeafTerms, Signer};
use weft_ca::{CaError, CaKey, SpiffeId, config};
use weft_model::ca::{CaState, Leaf};
use weft_model::{Command, Datacenter, Reply, ServiceName};
use weft_state::{StateView, Store};

use super::unavailable;
use crate::clock::now;

/// The identity of a service here, if it can have one.
pub(super) fn identity(ca: &CaState, datacenter: &Datacenter, service: &ServiceName) -> Result<SpiffeId, CaError> {
    Ok(SpiffeId::service(ca.trust_domain.parse()?, datacenter.clone(), service.clone())?)
}

/// A new leaf. Its index is that of its record, so it is the same after a restart.
pub(super) async fn issue(
    store: &Store,
    datacenter: &Datacenter,
    service: &ServiceName,
) -> Result<IssuedLeaf, AuthorityError> {
    let command = Command::CaIssue { service: service.clone() };
    let (index, reply) = store.propose(command).await.map_err(|error| unavailable(&error))?;
    let Reply::Serial(serial_number) = reply else {
        return Err(AuthorityError::Unavailable("no serial number was given".to_owned()));
    };
    let missing = || AuthorityError::Unavailable("CA is uninitialized".to_owned());
    let ca = StateView::new(&store.current()).ca().ok_or_else(missing)?.value;
    let (datacenter, service) = (datacenter.clone(), service.clone());
    let signing = tokio::task::spawn_blocking(move || sign(&ca, &datacenter, &service, serial_number));
    let leaf = signing.await.map_err(|error| AuthorityError::Unavailable(error.to_string()))?;
    let leaf = leaf.map_err(|error| AuthorityError::Unavailable(error.to_string()))?;
    Ok(IssuedLeaf { leaf: leaf.into(), index, create_index: index })
}

fn sign(ca: &CaState, datacenter: &Datacenter, service: &ServiceName, serial_number: u64) -> Result<Leaf, CaError> {
    let settings = config::settings(&ca.config)?;
    let key = CaKey::generate(config::key_spec(&settings)?.for_leaf())?;
    let grant = Grant::of(identity(ca, datacenter, service)?);
    let request = csr::check(&csr::create(&key, &grant)?, grant)?;
    let signer = Signer::new(ca.active_root().ok_or(CaError::NoActiveRoot)?)?;
    let terms = LeafTerms { serial_number, now: now(), ttl: settings.leaf_cert_ttl.0 };
    Ok(signer.sign(&request, terms)?.with_key(service.clone(), key.private_pem().clone()))
}
