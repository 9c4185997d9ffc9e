//! What is offered to a proxy: named resources, encoded once, in maps that share their structure.
//!
//! Builders make [`Resource`]s and gather them in a [`ResourceSet`]; a session compares two sets and
//! pays for what differs. Nothing here knows the mesh.

mod body;
mod kind;
mod resource;
mod resource_set;

pub use body::{Body, Ref};
pub use kind::{KINDS, Kind, PerType, ResourceType};
pub use resource::{Name, Resource, Undecodable, Version};
pub use resource_set::ResourceSet;
