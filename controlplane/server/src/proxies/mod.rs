//! Proxies as the ADS service sees them.

use serde_json::{Value, json};
use weft_api::host::ProxyLedger;
use weft_xds::ledger::Ledger;

pub(crate) type Proxies = weft_xds::StaticSource;

/// The ledger as the REST surface shows it.
pub(crate) struct LedgerView(pub(crate) Ledger);

impl ProxyLedger for LedgerView {
    fn proxies(&self) -> Value {
        json!(self.0.list())
    }
}
