//! Leaves in the data directory, so that an agent that starts again serves the same ones and no
//! proxy is sent a new certificate for nothing.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use weft_api::host::IssuedLeaf;
use weft_ca::CaKey;
use weft_ca::cert::Facts;
use weft_model::ca::{CaState, Leaf};
use weft_model::{Datacenter, ServiceName, Timestamp};

use super::issue::identity;
use crate::keep::{self, Durability};

const END: &str = "-----END CERTIFICATE-----\n";

/// The directory of leaves.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    leaf: Leaf,
    index: u64,
    create_index: u64,
}

impl Disk {
    pub(super) fn new(data_dir: PathBuf) -> Self {
        Self { path: data_dir.join("leaves") }
    }

    /// Writes a leaf for its owner's eyes only. It is not synced: a leaf that is lost or torn in a
    /// crash is simply issued again. Blocks.
    pub(super) fn save(&self, issued: &IssuedLeaf) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.path)?;
        let stored = Stored { leaf: (*issued.leaf).clone(), index: issued.index, create_index: issued.create_index };
        let path = self.file(&issued.leaf.service);
        keep::replace(&path, &serde_json::to_vec(&stored)?, Durability::Replaceable)
    }

    /// Removes the leaf of a service. Blocks.
    pub(super) fn remove(&self, service: &ServiceName) -> io::Result<()> {
        fs::remove_file(self.file(service))
    }

    /// The leaf of a service, if there is one that can still be served. Blocks.
    pub(super) fn load(
        &self,
        service: &ServiceName,
        datacenter: &Datacenter,
        ca: &CaState,
        now: Timestamp,
    ) -> Option<IssuedLeaf> {
        let stored: Stored = serde_json::from_slice(&fs::read(self.file(service)).ok()?).ok()?;
        let expected = identity(ca, datacenter, service).ok()?.to_string();
        let leaf = stored.leaf;
        let usable = leaf.service == *service
            && leaf.service_uri == expected
            && leaf.valid_after <= now
            && now < leaf.valid_before
            && ca.roots.iter().any(|root| root.id == leaf.root_id)
            && is_whole(&leaf);
        usable.then(|| IssuedLeaf { leaf: leaf.into(), index: stored.index, create_index: stored.create_index })
    }

    /// A service's name may hold anything and be of any length.
    fn file(&self, service: &ServiceName) -> PathBuf {
        let digest = Sha256::digest(service.as_str().as_bytes());
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.path.join(name).with_extension("json")
    }
}

/// Whether the key belongs to the certificate.
fn is_whole(leaf: &Leaf) -> bool {
    let first = leaf.cert_pem.split_inclusive(END).next().unwrap_or_default();
    let (facts, key) = (Facts::from_pem(first), CaKey::from_pem(&leaf.private_key_pem));
    matches!((facts, key), (Ok(facts), Ok(key)) if facts.public_key == key.public_key())
}
