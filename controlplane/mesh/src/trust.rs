//! Whom the mesh trusts: the trust domain and the certificates of its roots.

use weft_state::StateView;

/// The trust of the mesh, once its CA exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// `<cluster uuid>.consul`.
    pub domain: String,
    /// All root certificates in PEM, one after the other, in an order that does not depend on history.
    pub roots_pem: String,
}

/// The trust domain and all roots. `None` without a root: then nobody can be verified.
#[must_use]
pub fn trust(view: &StateView<'_>) -> Option<Trust> {
    let ca = view.ca()?;
    let mut roots: Vec<&str> = ca.value.roots.iter().map(|root| root.root_cert.trim()).collect();
    roots.retain(|pem| !pem.is_empty());
    roots.sort_unstable();
    roots.dedup();
    if roots.is_empty() || ca.value.trust_domain.is_empty() {
        return None;
    }
    Some(Trust { domain: ca.value.trust_domain.clone(), roots_pem: roots.join("\n") + "\n" })
}
