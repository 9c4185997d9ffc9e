//! Responses that were just given, for whoever asks the same again.
//!
//! A response about a service hangs on the bytes of the request, on the settings, on what may be seen, and on one topic of
//! the state ([`Basis`]). While all of them stay the same, and for one second at most, nothing is looked up, drawn or
//! encoded again. Instances come in random orders: so many are drawn before they take turns that nobody is preferred.

use std::collections::HashMap;
use std::sync::Arc;

use weft_model::Topic;
use weft_model::acl::Authorizer;

use crate::settings::Settings;

/// How many orders of several instances are drawn.
const ORDERS: usize = 64;

/// In bytes, of what one [`Recent`] holds. Beyond it everything is forgotten, and what is asked often comes back.
pub(crate) const SIZE_MAX: usize = 1 << 20;

/// What an entry takes beside its bytes, about.
const OVERHEAD: usize = 128;

/// What all responses of one moment come from, beside the state.
pub(crate) struct Moment {
    pub(crate) settings: Arc<Settings>,
    /// What may be seen; `None`: everything.
    pub(crate) authorizer: Option<Arc<Authorizer>>,
    /// The serial of the start of authority, in seconds.
    pub(crate) serial: u32,
}

/// What a response comes from, beside its request.
pub(crate) struct Basis {
    pub(crate) moment: Moment,
    pub(crate) topic: Topic,
    /// The log index at which the topic last changed.
    pub(crate) changed: u64,
    /// Whether another draw would give another order.
    pub(crate) is_drawn: bool,
}

impl Basis {
    /// Whether a response would come from the same now.
    pub(crate) fn is(&self, changed: u64, now: &Moment) -> bool {
        let seen_by = |moment: &Moment| moment.authorizer.as_ref().map(Arc::as_ptr);
        self.changed == changed
            && self.moment.serial == now.serial
            && Arc::ptr_eq(&self.moment.settings, &now.settings)
            && seen_by(&self.moment) == seen_by(now)
    }

    const fn orders(&self) -> usize {
        if self.is_drawn { ORDERS } else { 1 }
    }
}

/// The responses to one request.
struct Kept {
    basis: Basis,
    responses: Vec<Vec<u8>>,
    next: usize,
}

/// What one reader of datagrams has just sent.
#[derive(Default)]
pub(crate) struct Recent {
    /// By the request without its id.
    kept: HashMap<Box<[u8]>, Kept>,
    size: usize,
}

impl Recent {
    /// The next response to this request, with its id, if enough orders are drawn and their basis holds.
    pub(crate) fn again(&mut self, request: &[u8], holds: impl FnOnce(&Basis) -> bool) -> Option<&[u8]> {
        let (id, rest) = request.split_first_chunk::<2>()?;
        let kept = self.kept.get_mut(rest)?;
        if kept.responses.len() < kept.basis.orders() || !holds(&kept.basis) {
            return None;
        }
        kept.next = (kept.next + 1) % kept.responses.len();
        let response = &mut kept.responses[kept.next];
        response.get_mut(..2)?.copy_from_slice(id);
        Some(response)
    }

    /// In bytes.
    #[cfg(test)]
    pub(crate) fn size(&self) -> usize {
        let sum: usize = self.kept.iter().map(|(rest, kept)| kept.size(rest)).sum();
        assert_eq!(sum, self.size);
        sum
    }

    /// Keeps a response to this request.
    pub(crate) fn keep(&mut self, request: &[u8], response: Vec<u8>, basis: Basis) {
        let Some(rest) = request.get(2..) else { return };
        let size = response.len() + OVERHEAD;
        if self.size + size + rest.len() > SIZE_MAX {
            (self.kept, self.size) = (HashMap::new(), 0);
        }
        if let Some(kept) = self.kept.get_mut(rest).filter(|kept| kept.basis.is(basis.changed, &basis.moment)) {
            kept.responses.push(response);
        } else {
            let old = self.kept.insert(rest.into(), Kept { basis, responses: vec![response], next: 0 });
            let freed = old.map_or(0, |old| old.size(rest));
            self.size = self.size + rest.len() + OVERHEAD - freed;
        }
        self.size += size;
    }
}

impl Kept {
    fn size(&self, rest: &[u8]) -> usize {
        let responses: usize = self.responses.iter().map(|response| response.len() + OVERHEAD).sum();
        responses + rest.len() + OVERHEAD
    }
}
