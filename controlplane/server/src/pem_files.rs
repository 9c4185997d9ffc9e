//! Certificates, keys and authorities in files (PEM), and whether they have changed since they were read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::{Context, bail};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SigningKey};

/// When each file was changed that is in use; `None` where one is missing.
pub(crate) type Changed = Option<Vec<(PathBuf, SystemTime)>>;

/// When these files were changed; of a directory, all that is in it. Files that are half replaced fail to be
/// read, and stay new.
pub(crate) fn changed<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Changed {
    let files = paths.into_iter().map(|path| expand(path).ok()).collect::<Option<Vec<_>>>()?;
    let times = files.into_iter().flatten().map(|file| {
        let time = fs::metadata(&file).and_then(|metadata| metadata.modified()).ok()?;
        Some((file, time))
    });
    times.collect()
}

/// The authorities of `ca_file`, or of every file of the directory `ca_path`. Blocks.
pub(crate) fn authorities(ca: &Path) -> anyhow::Result<RootCertStore> {
    let name = if ca.is_dir() { "ca_path" } else { "ca_file" };
    let files = expand(ca).with_context(|| format!("{name} {}", ca.display()))?;
    let mut roots = RootCertStore::empty();
    for file in &files {
        for root in certificates(file).with_context(|| format!("{name} {}", file.display()))? {
            roots.add(root).with_context(|| format!("{name} {}", file.display()))?;
        }
    }
    if roots.is_empty() {
        bail!("{name} {}: there is no certificate in it", ca.display());
    }
    Ok(roots)
}

/// A certificate with what is above it, and its key. Blocks.
pub(crate) fn certified(cert: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let chain = certificates(cert).with_context(|| format!("cert_file {}", cert.display()))?;
    let private = private_key(key).with_context(|| format!("key_file {}", key.display()))?;
    let certified = CertifiedKey::new(chain, private);
    if certified.keys_match().is_err() {
        bail!("key_file {} does not belong to cert_file {}", key.display(), cert.display());
    }
    Ok(certified)
}

/// A file itself, or the files of a directory by name.
fn expand(path: &Path) -> std::io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| !file.is_dir());
    files.sort();
    Ok(files)
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let text = fs::read(path)?;
    let found = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>()?;
    if found.is_empty() {
        bail!("there is no certificate in it (PEM)");
    }
    Ok(found)
}

fn private_key(path: &Path) -> anyhow::Result<Arc<dyn SigningKey>> {
    let text = fs::read(path)?;
    // What is wrong with a key is not said in detail: it could show the key.
    let key =
        PrivateKeyDer::from_pem_slice(&text).map_err(|_| anyhow::anyhow!("there is no private key in it (PEM)"))?;
    rustls::crypto::aws_lc_rs::sign::any_supported_type(&key).map_err(|_| anyhow::anyhow!("its key cannot be used"))
}
