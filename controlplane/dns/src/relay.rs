//! Names that servers know in an agent's place.

use std::net::IpAddr;

use futures::future::BoxFuture;

use crate::fit::Way;
use crate::settings::Settings;

/// The servers, for an agent that is none.
pub trait Relay: Send + Sync {
    /// The response to a request, as it came over the wire, to `from`, by these settings; `None`: there is none to be had.
    fn ask(
        &self,
        request: Vec<u8>,
        way: Way,
        from: Option<IpAddr>,
        settings: Settings,
    ) -> BoxFuture<'static, Option<Vec<u8>>>;
}
