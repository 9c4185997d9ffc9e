//! Certificates that the operator has made.

use std::sync::Arc;

use anyhow::bail;
use parking_lot::Mutex;

use super::holder::Credentials;
use super::role::Role;
use crate::config::CertificateFiles;
use crate::pem_files::{self, Changed};

pub(super) struct Files {
    paths: CertificateFiles,
    role: Role,
    /// When the files were changed that are in use.
    read: Mutex<Changed>,
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
        let roots = pem_files::authorities(ca)?;
        let leaf = pem_files::certified(cert, key)?;
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

    fn changed(&self) -> Changed {
        let CertificateFiles { ca, cert, key } = &self.paths;
        pem_files::changed([ca.as_path(), cert, key])
    }
}
