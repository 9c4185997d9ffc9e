//! How names are spelled: those of services that are not in lower case, by their folded form.
//! DNS gives names in any case.

use imbl::OrdSet;
use weft_model::{NodeName, ServiceName};

use crate::derived::{Derived, folded};
use crate::view::StateView;

/// Names whose folded form is another one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Spellings {
    services: OrdSet<(String, ServiceName)>,
}

impl Spellings {
    pub(crate) fn add_service(&mut self, name: &ServiceName) {
        if let Some(folded) = changed(name.as_str()) {
            self.services.insert((folded, name.clone()));
        }
    }

    pub(crate) fn remove_service(&mut self, name: &ServiceName) {
        if let Some(folded) = changed(name.as_str()) {
            self.services.remove(&(folded, name.clone()));
        }
    }
}

/// The folded form, where it is another one.
fn changed(name: &str) -> Option<String> {
    let folded = folded(name);
    (folded != name).then_some(folded)
}

impl Derived {
    /// Whether a proxy or a native instance serves it in the mesh.
    pub(crate) fn is_served(&self, name: &ServiceName) -> bool {
        let from = (name.clone(), NodeName::default(), weft_model::ServiceId::default());
        self.by_destination.range(from..).next().is_some_and(|(found, ..)| found == name)
    }

    /// Whether anything is called so, or stands in front of what is called so.
    pub(crate) fn names_service(&self, name: &ServiceName) -> bool {
        let from = || (name.clone(), NodeName::default(), weft_model::ServiceId::default());
        [&self.by_name, &self.by_destination]
            .iter()
            .any(|order| order.range(from()..).next().is_some_and(|(found, ..)| found == name))
    }
}

impl StateView<'_> {
    /// The names of services that are this one but for case, the one in lower case first.
    #[must_use]
    pub fn service_spellings(&self, name: &str) -> Vec<ServiceName> {
        let folded = folded(name);
        let lower = ServiceName::from(&folded);
        let spelled = &self.state.derived.spellings.services;
        let others = spelled.range((folded.clone(), ServiceName::default())..);
        let others = others.take_while(|(found, _)| *found == folded).map(|(_, name)| name.clone());
        std::iter::once(lower).chain(others).collect()
    }
}
