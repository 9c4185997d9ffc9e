//! What is registered with a client agent, on its disk: a file for each service with its checks, and for each check of
//! the node. The names of the files are digests, because ids may be anything.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use weft_model::catalog::Service;
use weft_model::health::Check;
use weft_model::secret::Secret;
use weft_model::{CheckId, NodeName, ServiceId};
use weft_state::StateView;

use crate::keep::{Durability, replace};

/// The folder in the data directory.
const FOLDER: &str = "services";

/// What has a file of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Service(ServiceId),
    /// A check of the node.
    Check(CheckId),
}

impl Key {
    /// Where a check belongs.
    pub(super) fn of(check: &Check) -> Self {
        if check.service_id.is_empty() {
            Self::Check(check.id.clone())
        } else {
            Self::Service(check.service_id.clone())
        }
    }

    fn file(&self) -> String {
        let (kind, id) = match self {
            Self::Service(id) => ("service", id.as_str()),
            Self::Check(id) => ("check", id.as_str()),
        };
        let digest = Sha256::digest(id.as_bytes());
        let name: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("{kind}-{name}.json")
    }
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) service: Option<Service>,
    pub(super) checks: Vec<Check>,
    /// The token that it was registered with.
    #[serde(skip_serializing_if = "Secret::is_empty")]
    pub(super) token: Secret,
}

impl Kept {
    /// What there is to be kept under a key.
    pub(super) fn of(key: &Key, view: &StateView<'_>, node: &NodeName, token: Secret) -> Option<Self> {
        match key {
            Key::Service(id) => {
                let service = view.service(node, id)?;
                let checks = view.instance_checks(node, id).into_iter().map(|check| (*check.value).clone()).collect();
                Some(Self { service: Some((*service.value).clone()), checks, token })
            }
            Key::Check(id) => {
                let check = view.check(node, id)?;
                Some(Self { service: None, checks: vec![(*check.value).clone()], token })
            }
        }
    }

    pub(super) fn key(&self) -> Option<Key> {
        match &self.service {
            Some(service) => Some(Key::Service(service.id.clone())),
            None => self.checks.first().map(Key::of),
        }
    }
}

/// The folder; nothing is kept without one.
#[derive(Clone, Debug)]
pub(super) struct Folder(Option<PathBuf>);

impl Folder {
    /// Blocks.
    pub(super) fn open(data_dir: Option<&Path>) -> anyhow::Result<Self> {
        let folder = data_dir.map(|dir| dir.join(FOLDER));
        if let Some(folder) = &folder {
            fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        Ok(Self(folder))
    }

    /// All that was kept. Blocks.
    pub(super) fn load(&self) -> anyhow::Result<Vec<Kept>> {
        let Some(folder) = &self.0 else { return Ok(Vec::new()) };
        let mut all = BTreeMap::new();
        for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.extension().is_none_or(|ending| ending != "json") {
                continue;
            }
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            let kept: Kept = serde_json::from_slice(&bytes).with_context(|| {
                format!("{} is damaged: remove it, and register again what it was about", path.display())
            })?;
            all.extend(kept.key().map(|key| (key, kept)));
        }
        Ok(all.into_values().collect())
    }

    /// Writes, or removes what is there no more. Blocks.
    pub(super) fn save(&self, changes: &BTreeMap<Key, Option<Kept>>, durability: Durability) -> io::Result<()> {
        let Some(folder) = &self.0 else { return Ok(()) };
        for (key, kept) in changes {
            let path = folder.join(key.file());
            match kept {
                Some(kept) => replace(&path, &serde_json::to_vec(kept)?, durability)?,
                None => remove(&path)?,
            }
        }
        Ok(())
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_until_it_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(Some(dir.path())).unwrap();
        let kept = |id: &str| Kept {
            service: Some(Service { id: id.into(), name: "web".into(), ..Service::default() }),
            token: "secret".into(),
            ..Kept::default()
        };
        let (one, two) = (kept("../../etc/passwd"), kept("web/2"));
        let changes = [&one, &two].map(|kept| (kept.key().unwrap(), Some(kept.clone())));
        folder.save(&changes.into(), Durability::Synced).unwrap();
        assert_eq!(Folder::open(Some(dir.path())).unwrap().load().unwrap(), [one.clone(), two.clone()]);
        folder.save(&[(one.key().unwrap(), None)].into(), Durability::Synced).unwrap();
        assert_eq!(folder.load().unwrap(), [two]);
        fs::write(dir.path().join("services/service-x.json"), "half").unwrap();
        assert!(folder.load().unwrap_err().to_string().contains("is damaged"));
    }
}
