//! What a bearer sees of lists.

use weft_model::acl::{Need, Wanted};
use weft_model::catalog::Indexed;
use weft_model::health::Check;
use weft_state::Instance;

use super::bearer::Bearer;
use super::marks::Marks;
use super::{node, service};

/// Leaves out what its bearer may not see, and remembers that it did.
pub(crate) struct Gate<'a> {
    /// `None`: access control is off.
    bearer: Option<Bearer>,
    marks: &'a Marks,
}

impl<'a> Gate<'a> {
    pub(super) fn new(bearer: Option<Bearer>, marks: &'a Marks) -> Self {
        Self { bearer, marks }
    }

    /// Whether the bearer may do this.
    pub(crate) fn allows(&self, need: &Need) -> bool {
        self.bearer.as_ref().is_none_or(|bearer| bearer.authorizer.allows(need))
    }

    /// Whether the bearer may see this; a no hides something.
    pub(crate) fn shows(&self, need: &Need) -> bool {
        let allowed = self.allows(need);
        if !allowed {
            self.marks.hide();
        }
        allowed
    }

    /// Leaves the rows that may be seen.
    pub(crate) fn retain<T>(&self, rows: &mut Vec<T>, need: impl Fn(&T) -> Need) {
        if self.bearer.is_some() {
            rows.retain(|row| self.shows(&need(row)));
        }
    }

    /// An instance is seen by whoever may see both its node and its service.
    pub(crate) fn instances(&self, rows: &mut Vec<Instance>) {
        if self.bearer.is_none() {
            return;
        }
        rows.retain(|row| {
            self.shows(&node(row.node.value.name.as_str(), Wanted::Read))
                && self.shows(&service(row.service.value.name.as_str(), Wanted::Read))
        });
    }

    /// A check likewise; one of a node has no service.
    pub(crate) fn checks(&self, rows: &mut Vec<Indexed<Check>>) {
        if self.bearer.is_none() {
            return;
        }
        rows.retain(|row| {
            let check = &row.value;
            self.shows(&node(check.node.as_str(), Wanted::Read))
                && (check.service_id.is_empty() || self.shows(&service(check.service_name.as_str(), Wanted::Read)))
        });
    }
}
