//! Issuing one leaf: the record is committed first, then the key is made and the leaf is signed.

use weft_api::host::{AuthorityError, IssuedLeaf};
use weft_ca::csr::{self, Grant};
use weft_ca::leaf::{LeafTerms, Signer};
use weft_ca::seal::state::Opened;
use weft_ca::seal::{self, Keyring};
use weft_ca::{CaError, CaKey, SpiffeId, config};
use weft_model::ca::{CaRoot, CaState, Leaf};
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
    keys: &Keyring,
    datacenter: &Datacenter,
    service: &ServiceName,
) -> Result<IssuedLeaf, AuthorityError> {
    let missing = || AuthorityError::Unavailable("CA is uninitialized".to_owned());
    let ca = || StateView::new(&store.current()).ca().map(|ca| ca.value);
    // Without a key no number is used up, however often it is tried.
    let before = ca().ok_or_else(missing)?;
    open_root(&before, keys).map_err(|error| failed(&error))?;
    let command = Command::CaIssue { service: service.clone() };
    let (index, reply) = store.propose(command).await.map_err(|error| unavailable(&error))?;
    let Reply::Serial(serial_number) = reply else {
        return Err(AuthorityError::Unavailable("no serial number was given".to_owned()));
    };
    let (ca, keys) = (ca().ok_or_else(missing)?, keys.clone());
    let (datacenter, service) = (datacenter.clone(), service.clone());
    let signing = tokio::task::spawn_blocking(move || sign(&ca, &keys, &datacenter, &service, serial_number));
    let leaf = signing.await.map_err(|error| AuthorityError::Unavailable(error.to_string()))?;
    let leaf = leaf.map_err(|error| failed(&error))?;
    Ok(IssuedLeaf { leaf: leaf.into(), index, create_index: index })
}

fn failed(error: &CaError) -> AuthorityError {
    AuthorityError::Unavailable(error.to_string())
}

/// The root that signs, with its key.
fn open_root(ca: &CaState, keys: &Keyring) -> Result<Opened<CaRoot>, CaError> {
    Ok(seal::state::open_root(keys, ca.active_root().ok_or(CaError::NoActiveRoot)?)?)
}

fn sign(
    ca: &CaState,
    keys: &Keyring,
    datacenter: &Datacenter,
    service: &ServiceName,
    serial_number: u64,
) -> Result<Leaf, CaError> {
    let settings = config::settings(&ca.config)?;
    let key = CaKey::generate(config::key_spec(&settings)?.for_leaf())?;
    let grant = Grant::of(identity(ca, datacenter, service)?);
    let request = csr::check(&csr::create(&key, &grant)?, grant)?;
    let root = open_root(ca, keys)?;
    let signer = Signer::new(&root)?;
    let terms = LeafTerms { serial_number, now: now(), ttl: settings.leaf_cert_ttl.0 };
    Ok(signer.sign(&request, terms)?.with_key(service.clone(), key.private_pem().clone()))
}
