//! What was committed never changes: the same bytes at the same index on every server, for ever.

use std::collections::{BTreeMap, HashMap};

use crate::cluster::Cluster;

#[derive(Default)]
pub(crate) struct Committed {
    entries: BTreeMap<u64, Vec<u8>>,
    /// Up to where each server's entries were compared. Starts again with each look back.
    compared: HashMap<u64, u64>,
}

impl Committed {
    /// Compares what a server has applied.
    pub(crate) fn note<'a>(
        &mut self,
        cluster: &Cluster,
        server: u64,
        applied: u64,
        entry: impl Fn(u64) -> Option<&'a [u8]>,
    ) {
        let compared = self.compared.entry(server).or_insert(0);
        if *compared > applied {
            // It was started again, from less: all of it counts again.
            *compared = 0;
        }
        for index in *compared..=applied {
            let Some(bytes) = entry(index) else { continue };
            let known = self.entries.entry(index).or_insert_with(|| bytes.to_vec());
            if *known != bytes {
                let what = format!("entry {index} was committed; server {server} has another there");
                cluster.violated("committed", what);
            }
        }
        *compared = applied + 1;
    }

    pub(crate) fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// All of them in order, as long as none is missing.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let whole = self.entries.iter().zip(0..).take_while(|((index, _), expected)| *index == expected);
        whole.map(|((index, bytes), _)| (*index, bytes.as_slice()))
    }
}
