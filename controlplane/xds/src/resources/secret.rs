//! Secrets: the proxy's own certificate with its key, and the roots that peers are verified with.

use weft_model::ca::Leaf;
use weft_proto::envoy::core::{DataSource, data_source};
use weft_proto::envoy::extension::tls::{CertificateValidationContext, Secret, TlsCertificate, secret};

use crate::set::Resource;

/// The name of the secret with the proxy's own certificate. Each proxy has its own under this name.
pub const LEAF: &str = "leaf";
/// The name of the secret with the roots.
pub const ROOTS: &str = "roots";

/// The secret of a leaf.
#[must_use]
pub fn leaf(leaf: &Leaf) -> Resource {
    let certificate = TlsCertificate {
        certificate_chain: Some(inline(&leaf.cert_pem)),
        private_key: Some(inline(&leaf.private_key_pem.0)),
        ..TlsCertificate::default()
    };
    Resource::of(&Secret { name: LEAF.to_owned(), r#type: Some(secret::Type::TlsCertificate(certificate)) })
}

/// The secret of the roots, given as PEM.
#[must_use]
pub fn roots(pem: &str) -> Resource {
    let context = CertificateValidationContext { trusted_ca: Some(inline(pem)), ..Default::default() };
    Resource::of(&Secret { name: ROOTS.to_owned(), r#type: Some(secret::Type::ValidationContext(context)) })
}

fn inline(text: &str) -> DataSource {
    DataSource { specifier: Some(data_source::Specifier::InlineString(text.to_owned())), ..DataSource::default() }
}
