//! A small ext4 on a loop device: what was not synced when its power is cut is gone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// The folder that a server keeps its data in, and what is under it.
#[derive(Clone, Debug)]
pub enum Disk {
    /// A folder of the machine's own file system: no power to cut.
    Folder(PathBuf),
    /// A file system of its own.
    Image { image: PathBuf, mount: PathBuf, tool: PathBuf },
}

impl Disk {
    /// A new file system of that size in a file beside its mount point, mounted.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn image(dir: &Path, name: &str, mib: u64, tool: &Path) -> Result<Self> {
        let (image, mount) = (dir.join(format!("{name}.img")), dir.join(name));
        std::fs::create_dir_all(&mount)?;
        std::fs::File::create(&image)?.set_len(mib << 20)?;
        shell::run("mkfs.ext4", &["-q".as_ref(), "-m".as_ref(), "0".as_ref(), image.as_os_str()])?;
        let disk = Self::Image { image, mount, tool: tool.to_owned() };
        disk.mount()?;
        Ok(disk)
    }

    /// A plain folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(dir: &Path, name: &str) -> Result<Self> {
        let path = dir.join(name);
        std::fs::create_dir_all(&path)?;
        Ok(Self::Folder(path))
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Image { mount, .. } => mount,
        }
    }

    /// Whether power can be cut here.
    #[must_use]
    pub fn has_power(&self) -> bool {
        matches!(self, Self::Image { .. })
    }

    /// Cuts the power: from now on nothing reaches the disk, the file system's own journal included.
    ///
    /// # Errors
    /// When the system refuses, or there is no power to cut.
    pub fn cut_power(&self) -> Result<()> {
        match self {
            Self::Folder(path) => anyhow::bail!("{} has no power of its own", path.display()),
            Self::Image { mount, tool, .. } => {
                shell::run(&tool.to_string_lossy(), &["goingdown".as_ref(), mount.as_os_str()]).map(drop)
            }
        }
    }

    /// Blocks for a moment. After a cut and the end of its server: the file system comes back as the disk has it.
    ///
    /// # Errors
    /// When somebody still uses it, or it cannot be mounted.
    #[expect(clippy::disallowed_methods, reason = "callers are on a thread that may block")]
    pub fn power_on(&self) -> Result<()> {
        let Self::Image { mount, .. } = self else { return Ok(()) };
        // The killed server's files may take a moment to be closed.
        let mut last = Ok(String::new());
        for _ in 0..50 {
            last = shell::run("umount", &[mount]);
            if last.is_ok() {
                return self.mount();
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        last.map(drop).context("after a power cut")
    }

    fn mount(&self) -> Result<()> {
        let Self::Image { image, mount, .. } = self else { return Ok(()) };
        shell::run("mount", &["-o".as_ref(), "loop,noatime".as_ref(), image.as_os_str(), mount.as_os_str()]).map(drop)
    }
}
