//! Disks under servers: file systems of their own, whose power can be cut, and damage to the files on them.

mod ballast;
mod image;
pub mod rot;

pub use ballast::Ballast;
pub use image::Disk;
