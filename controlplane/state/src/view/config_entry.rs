//! Queries of config entries.

use weft_model::Topic;
use weft_model::catalog::Indexed;
use weft_model::config_entry::{ConfigEntry, Kind, Mesh, PROXY_DEFAULTS_NAME, ProxyDefaults, ServiceDefaults};

use super::StateView;

impl StateView<'_> {
    /// One config entry.
    #[must_use]
    pub fn config_entry(&self, kind: Kind, name: &str) -> Option<Indexed<ConfigEntry>> {
        self.note(Topic::ConfigEntry(kind, name.to_owned()));
        self.state.config.get(&(kind, name.to_owned())).cloned()
    }

    /// All config entries of a kind, by name.
    #[must_use]
    pub fn config_entries(&self, kind: Kind) -> Vec<Indexed<ConfigEntry>> {
        self.note(Topic::ConfigKind(kind));
        self.state
            .config
            .range((kind, String::new())..)
            .take_while(|((of, _), _)| *of == kind)
            .map(|(_, entry)| entry.clone())
            .collect()
    }

    /// The defaults of one service, as written.
    #[must_use]
    pub fn service_defaults(&self, name: &str) -> Option<ServiceDefaults> {
        match &*self.config_entry(Kind::ServiceDefaults, name)?.value {
            ConfigEntry::ServiceDefaults(entry) => Some(entry.clone()),
            ConfigEntry::ProxyDefaults(_) | ConfigEntry::ServiceIntentions(_) | ConfigEntry::Mesh(_) => None,
        }
    }

    /// The defaults of all proxies.
    #[must_use]
    pub fn proxy_defaults(&self) -> Option<ProxyDefaults> {
        match &*self.config_entry(Kind::ProxyDefaults, PROXY_DEFAULTS_NAME)?.value {
            ConfigEntry::ProxyDefaults(entry) => Some(entry.clone()),
            ConfigEntry::ServiceDefaults(_) | ConfigEntry::ServiceIntentions(_) | ConfigEntry::Mesh(_) => None,
        }
    }

    /// The settings of the whole mesh.
    #[must_use]
    pub fn mesh(&self) -> Option<Mesh> {
        match &*self.config_entry(Kind::Mesh, "mesh")?.value {
            ConfigEntry::Mesh(entry) => Some(entry.clone()),
            ConfigEntry::ServiceDefaults(_) | ConfigEntry::ServiceIntentions(_) | ConfigEntry::ProxyDefaults(_) => None,
        }
    }
}
