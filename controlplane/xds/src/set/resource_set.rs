//! All that one proxy should hold: a persistent map a type.

use std::sync::Arc;

use imbl::OrdMap;
use imbl::ordmap::DiffItem;

use super::{Name, PerType, Resource, ResourceType, Version};

/// A set of named resources. A clone costs nothing; a set that was made from another one by changes
/// is compared to it at the cost of those changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceSet {
    types: PerType<OneType>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OneType {
    /// The version of the whole, kept up to date by addition. First, so that sets that differ are told
    /// apart by it.
    version: Version,
    resources: OrdMap<Name, Arc<Resource>>,
}

impl ResourceSet {
    /// Adds a resource or replaces the one of its name.
    pub fn insert(&mut self, resource: impl Into<Arc<Resource>>) {
        let resource = resource.into();
        let of_type = &mut self.types[resource.resource_type()];
        of_type.version = of_type.version.plus(&resource);
        let name = resource.name().clone();
        if let Some(old) = of_type.resources.insert(name, resource) {
            of_type.version = of_type.version.minus(&old);
        }
    }

    /// Removes a resource; tells whether it was there.
    pub fn remove(&mut self, of: ResourceType, name: &str) -> bool {
        let of_type = &mut self.types[of];
        let Some(old) = of_type.resources.remove(name) else {
            return false;
        };
        of_type.version = of_type.version.minus(&old);
        true
    }

    /// The resource of this name.
    pub fn get(&self, of: ResourceType, name: &str) -> Option<&Arc<Resource>> {
        self.types[of].resources.get(name)
    }

    /// All resources of a type, by name.
    pub fn iter(&self, of: ResourceType) -> impl Iterator<Item = &Arc<Resource>> {
        self.types[of].resources.values()
    }

    /// How many there are of a type.
    pub fn len(&self, of: ResourceType) -> usize {
        self.types[of].resources.len()
    }

    /// Whether there is nothing at all.
    pub fn is_empty(&self) -> bool {
        ResourceType::all().all(|of| self.len(of) == 0)
    }

    /// The version of all resources of a type together.
    pub fn version(&self, of: ResourceType) -> Version {
        self.types[of].version
    }

    /// The names whose resource is new, different or gone in `newer`. Structure that both sets share
    /// is skipped.
    pub fn changed<'a>(&'a self, newer: &'a Self, of: ResourceType) -> impl Iterator<Item = &'a Name> {
        let diff = self.types[of].resources.diff(&newer.types[of].resources);
        diff.map(|item| match item {
            DiffItem::Add(name, _) | DiffItem::Update { new: (name, _), .. } | DiffItem::Remove(name, _) => name,
        })
    }
}

impl<R: Into<Arc<Resource>>> FromIterator<R> for ResourceSet {
    fn from_iter<I: IntoIterator<Item = R>>(resources: I) -> Self {
        let mut set = Self::default();
        set.extend(resources);
        set
    }
}

impl<R: Into<Arc<Resource>>> Extend<R> for ResourceSet {
    fn extend<I: IntoIterator<Item = R>>(&mut self, resources: I) {
        for resource in resources {
            self.insert(resource);
        }
    }
}
