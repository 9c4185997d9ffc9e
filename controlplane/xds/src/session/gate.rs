//! What must wait for what: make before break, across the types of one stream.
//!
//! A listener or route waits until the client holds the clusters it points to. A removal waits until
//! the types that may still point to it have settled.

use std::cell::OnceCell;

use super::track::Track;
use crate::set::{Kind, PerType, Ref, Resource, ResourceSet, ResourceType};

/// Whether a resource may go out now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It may.
    Free,
    /// What it waits for is on its way.
    Soon,
    /// What it waits for was refused, or has no hurry; nobody should wait for this one.
    Later,
}

/// The view one type has of the others.
pub(super) struct Gate<'a> {
    kind: &'static Kind,
    tracks: &'a PerType<Track>,
    set: &'a ResourceSet,
    removal: OnceCell<Passage>,
}

impl<'a> Gate<'a> {
    pub(super) fn new(of: ResourceType, tracks: &'a PerType<Track>, set: &'a ResourceSet) -> Self {
        Self { kind: of.kind(), tracks, set, removal: OnceCell::new() }
    }

    /// Whether the client holds what this resource points to.
    pub(super) fn put(&self, resource: &Resource) -> Passage {
        let Some(target) = self.kind.points_to else {
            return Passage::Free;
        };
        let pointers = resource.refs().iter().filter(|pointer| pointer.of == target);
        let passages = pointers.map(|pointer| self.target(pointer));
        passages.fold(Passage::Free, worse)
    }

    /// Whether nothing can point any longer to what is about to be removed.
    pub(super) fn removal(&self) -> Passage {
        *self.removal.get_or_init(|| {
            let mut referrers = self.kind.referrers.iter();
            match referrers.all(|of| self.tracks[*of].is_settled()) {
                true => Passage::Free,
                false => Passage::Later,
            }
        })
    }

    /// A target that is not offered, or that the client does not take from us, is none of our business:
    /// it may come from the client's own bootstrap.
    fn target(&self, pointer: &Ref) -> Passage {
        let track = &self.tracks[pointer.of];
        let Some(resource) = self.set.get(pointer.of, &pointer.name) else {
            return Passage::Free;
        };
        if !track.interest.covers(&pointer.name) || track.holds(&pointer.name) {
            Passage::Free
        } else if track.has_refused(resource) {
            Passage::Later
        } else {
            Passage::Soon
        }
    }
}

fn worse(one: Passage, other: Passage) -> Passage {
    match (one, other) {
        (Passage::Later, _) | (_, Passage::Later) => Passage::Later,
        (Passage::Soon, _) | (_, Passage::Soon) => Passage::Soon,
        (Passage::Free, Passage::Free) => Passage::Free,
    }
}
