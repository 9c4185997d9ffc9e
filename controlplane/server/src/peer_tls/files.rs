//! Certificates that the operator has made.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use parking_lot::Mutex;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::holder::Credentials;
use super::role::Role;
use crate::config::CertificateFiles;

pub(super) struct Files {
    paths: CertificateFiles,
    role: Role,
    /// When the files were changed that are in use.
    read: Mutex<Option<[SystemTime; 3]>>,
}

impl Files {
    pub(super) fn new(paths: CertificateFiles, role: Role) -> Self {
        Self { paths, role, read: Mutex::new(None) }
    }

    /// Reads all three. Blocks.
    ///
    /// # Errors
    /// Which file is at fault and why other servers would not take it.
    pub(super) fn credentials(&self) -> anyhow::Result<Credentials> {
        let changed = self.changed();
        let CertificateFiles { ca, cert, key } = &self.paths;
        let mut roots = RootCertStore::empty();
        for root in certificates(ca).with_context(|| format!("ca_file {}", ca.display()))? {
            roots.add(root).with_context(|| format!("ca_file {}", ca.display()))?;
        }
        let chain = certificates(cert).with_context(|| format!("cert_file {}", cert.display()))?;
        let private = private_key(key).with_context(|| format!("key_file {}", key.display()))?;
        let leaf = CertifiedKey::new(chain, private);
        if leaf.keys_match().is_err() {
            bail!("key_file {} does not belong to cert_file {}", key.display(), cert.display());
        }
        let credentials = Credentials::new(Arc::new(leaf), roots)?;
        if let Err(why) = credentials.check(&self.role) {
            bail!("cert_file {}: other servers would refuse it: {why}", cert.display());
        }
        *self.read.lock() = changed;
        Ok(credentials)
    }

    /// Whether there is something new to read. Files that are half replaced fail to be read and stay new.
    pub(super) fn have_changed(&self) -> bool {
        self.changed() != *self.read.lock()
    }

    fn changed(&self) -> Option<[SystemTime; 3]> {
        let changed = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let CertificateFiles { ca, cert, key } = &self.paths;
        Some([changed(ca)?, changed(cert)?, changed(key)?])
    }
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let text = fs::read(path)?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        bail!("there is no certificate in it (PEM)");
    }
    Ok(found)
}

fn private_key(path: &Path) -> anyhow::Result<Arc<dyn rustls::sign::SigningKey>> {
    let text = fs::read(path)?;
    // What is wrong with a key is not said in detail: it could show the key.
    let key =
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| anyhow::anyhow!("there is no private key in it (PEM)"))?;
    rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).map_err(|_| anyhow::anyhow!("its key cannot be used"))
}
