//! Queries of the certificate authority.

use weft_model::Topic;
use weft_model::ca::CaState;
use weft_model::catalog::Indexed;

use super::StateView;

impl StateView<'_> {
    /// The CA, once it has been set up.
    #[must_use]
    pub fn ca(&self) -> Option<Indexed<CaState>> {
        self.note(Topic::Ca);
        self.state.ca.clone()
    }
}
