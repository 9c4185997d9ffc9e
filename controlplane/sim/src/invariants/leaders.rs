//! At most one leader a term.

use std::collections::BTreeMap;

use crate::cluster::Cluster;

#[derive(Default)]
pub(crate) struct Leaders(BTreeMap<u64, u64>);

impl Leaders {
    pub(crate) fn note(&mut self, cluster: &Cluster, term: u64, server: u64) {
        let first = *self.0.entry(term).or_insert(server);
        if first != server {
            cluster.violated("one leader", format!("servers {first} and {server} both lead in term {term}"));
        }
    }

    pub(crate) fn terms(&self) -> u64 {
        self.0.len() as u64
    }
}
