//! The ledger of acknowledgements as the REST surface shows it.

use serde_json::{Value, json};
use weft_api::host::ProxyLedger;
use weft_xds::ledger::Ledger;

/// See [`ProxyLedger`].
pub(crate) struct LedgerView(pub(crate) Ledger);

impl ProxyLedger for LedgerView {
    fn proxies(&self) -> Value {
        json!(self.0.list())
    }
}
