//! Queries of config entries.

use weft_model::Topic;
use weft_model::catalog::Indexed;
use weft_model::config_entry::{
    ConfigEntry, Document, Kind, MESH_NAME, Mesh, PROXY_DEFAULTS_NAME, ProxyDefaults, ServiceDefaults,
};

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
        self.state.entries_of(kind).map(|(_, entry)| entry.clone()).collect()
    }

    /// The defaults of one service, as written.
    #[must_use]
    pub fn service_defaults(&self, name: &str) -> Option<ServiceDefaults> {
        self.document(name)
    }

    /// The defaults of all proxies.
    #[must_use]
    pub fn proxy_defaults(&self) -> Option<ProxyDefaults> {
        self.document(PROXY_DEFAULTS_NAME)
    }

    /// The settings of the whole mesh.
    #[must_use]
    pub fn mesh(&self) -> Option<Mesh> {
        self.document(MESH_NAME)
    }

    fn document<T: Document + Clone>(&self, name: &str) -> Option<T> {
        self.config_entry(T::KIND, name)?.value.document().cloned()
    }
}
