//! `connect.ca_seal_key_file`: the keys that seal the mesh authority's private keys. They are worth something only
//! where they do not lie beside what they seal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use weft_ca::seal::Keyring;
use weft_model::Faults;
use zeroize::Zeroizing;

/// What others may do with the file, and its group may not change it either.
const TOO_MUCH: u32 = 0o027;

/// The keys of the file; none without one.
pub(super) fn keys(file: Option<&Path>, data_dir: Option<&Path>, faults: &mut Faults) -> Keyring {
    let Some(file) = file else { return Keyring::default() };
    read(file, data_dir).unwrap_or_else(|fault| {
        faults.say(format!("connect.ca_seal_key_file: {}: {fault}", file.display()));
        Keyring::default()
    })
}

fn read(file: &Path, data_dir: Option<&Path>) -> Result<Keyring, String> {
    let place = file.canonicalize().map_err(|error| error.to_string())?;
    // A directory that is not there yet has no file in it.
    if let Some(dir) = data_dir.and_then(|dir| dir.canonicalize().ok()).filter(|dir| place.starts_with(dir)) {
        return Err(format!("lies in data_dir {}, beside what it seals: keep it elsewhere", dir.display()));
    }
    let metadata = fs::metadata(&place).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("is not a file".to_owned());
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & TOO_MUCH != 0 {
        return Err(format!("is open to others (mode {mode:03o}): chmod 600"));
    }
    let text = Zeroizing::new(fs::read_to_string(&place).map_err(|error| error.to_string())?);
    Keyring::read(&text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs::Permissions;

    use tempfile::TempDir;

    use super::*;

    /// A folder with `data/`, and a key file in it and beside it.
    fn folder() -> TempDir {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("data")).unwrap();
        for name in ["seal.key", "data/seal.key"] {
            let line = crate::generate_join_secret();
            fs::write(folder.path().join(name), format!("# ours\n{line}\n")).unwrap();
            fs::set_permissions(folder.path().join(name), Permissions::from_mode(0o600)).unwrap();
        }
        folder
    }

    fn read_in(folder: &TempDir, file: &str, data_dir: &str) -> (Keyring, Vec<String>) {
        let mut faults = Faults::default();
        let (file, data_dir) = (folder.path().join(file), folder.path().join(data_dir));
        let keys = keys(Some(&file), Some(&data_dir), &mut faults);
        (keys, faults.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_keygen_prints_is_a_key() {
        let (keys, faults) = read_in(&folder(), "seal.key", "data");
        assert!(!keys.is_empty() && faults.is_empty(), "{faults:?}");
        assert!(super::keys(None, None, &mut Faults::default()).is_empty());
        let (keys, faults) = read_in(&folder(), "seal.key", "not there yet");
        assert!(!keys.is_empty() && faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn a_file_in_the_data_directory_is_refused_by_whatever_way_it_is_named() {
        let folder = folder();
        std::os::unix::fs::symlink("data/seal.key", folder.path().join("link")).unwrap();
        for file in ["data/seal.key", "data/../data/seal.key", "link"] {
            let (keys, faults) = read_in(&folder, file, "data");
            assert!(keys.is_empty() && faults.len() == 1, "{file}: {faults:?}");
            assert!(faults[0].contains("connect.ca_seal_key_file") && faults[0].contains("data_dir"), "{faults:?}");
        }
    }

    #[test]
    fn a_file_that_others_can_read_or_its_group_can_write_is_refused() {
        let folder = folder();
        let file = folder.path().join("seal.key");
        for (mode, is_good) in [(0o400, true), (0o640, true), (0o644, false), (0o660, false), (0o604, false)] {
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            let (keys, faults) = read_in(&folder, "seal.key", "data");
            assert_eq!(keys.is_empty(), !is_good, "{mode:o}: {faults:?}");
            assert!(is_good || faults[0].contains(&format!("mode {mode:03o}")), "{faults:?}");
        }
    }

    #[test]
    fn a_file_that_is_missing_or_holds_no_key_is_named_with_the_reason() {
        let folder = folder();
        let (_, faults) = read_in(&folder, "nowhere", "data");
        assert!(faults[0].contains("nowhere") && faults[0].contains("No such file"), "{faults:?}");
        let (_, faults) = read_in(&folder, "data", "elsewhere");
        assert!(faults[0].contains("is not a file"), "{faults:?}");
        fs::write(folder.path().join("seal.key"), "a secret, but no key").unwrap();
        let (_, faults) = read_in(&folder, "seal.key", "data");
        assert!(faults[0].contains("line 1 is not base64") && !faults[0].contains("secret"), "{faults:?}");
    }
}
