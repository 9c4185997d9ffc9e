//! What is said of requests before anything is known of them but their path and where they come from: Consul's block
//! `http_config`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};

use crate::query::{Plus, unescape};
use crate::refusal::Refusal;
use crate::serve::Caller;

/// Who may ask for what at an agent's own door, and what every answer says.
#[derive(Clone, Debug, Default)]
pub struct Front {
    /// Paths that begin so are not served.
    pub blocked: Vec<String>,
    /// Where writes may come from; empty: from anywhere.
    pub writers: Vec<Network>,
    /// Headers of every answer. They take the place of others of their name.
    pub headers: HeaderMap,
}

/// Addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Reads `ADDRESS/BITS`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let (address, bits): (IpAddr, u32) = (address.parse().ok()?, bits.parse().ok()?);
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Self { address, bits })
    }

    /// Whether an address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - self.bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl Front {
    /// The surface with this before it.
    pub fn before(self, router: Router) -> Router {
        if self.blocked.is_empty() && self.writers.is_empty() && self.headers.is_empty() {
            return router;
        }
        let front = Arc::new(self);
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let front = Arc::clone(&front);
            async move {
                let refusal = front.refusal(&request);
                let answer = match refusal {
                    Some(text) => Refusal::forbidden(text).into(),
                    None => next.run(request).await,
                };
                front.mark(answer)
            }
        }))
    }

    fn refusal(&self, request: &Request) -> Option<&'static str> {
        // However it is written: a path that cannot be read is refused further on.
        let path = unescape(request.uri().path(), Plus::IsItself).unwrap_or_default();
        if self.blocked.iter().any(|blocked| path.starts_with(blocked.as_str())) {
            return Some("Endpoint is blocked by agent configuration");
        }
        let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
        let caller = request.extensions().get::<Caller>().map(|caller| caller.0);
        let is_writer = |caller: IpAddr| self.writers.iter().any(|network| network.contains(caller));
        let may_write = self.writers.is_empty() || caller.is_some_and(is_writer);
        (!reads && !may_write).then_some("Access is restricted")
    }

    fn mark(&self, mut answer: Response) -> Response {
        // What an answer is written in is not for others to say.
        let says_type = answer.status().is_success();
        let headers = answer.headers_mut();
        for (name, value) in self.headers.iter().filter(|(name, _)| !says_type || *name != CONTENT_TYPE) {
            headers.insert(name, value.clone());
        }
        answer
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn networks_hold_the_addresses_that_begin_like_them() {
        let cases = [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/32", "10.1.2.3", true),
            ("10.1.2.3/32", "10.1.2.2", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::9", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("::/0", "::1", true),
        ];
        for (network, address, within) in cases {
            let network = Network::parse(network).unwrap();
            assert_eq!(network.contains(address.parse().unwrap()), within, "{network:?} {address}");
        }
        for text in ["10.0.0.0", "10.0.0.0/33", "::/129", "a/8", "10.0.0.0/-1", ""] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_path_is_blocked_before_a_writer_is_looked_at() {
        let front = Front {
            blocked: vec!["/v1/kv".into()],
            writers: vec![Network::parse("10.0.0.0/8").unwrap()],
            ..Front::default()
        };
        let said = |method: &str, path: &str, caller: Option<&str>| {
            let mut request = http::Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            if let Some(caller) = caller {
                request.extensions_mut().insert(Caller(caller.parse().unwrap()));
            }
            front.refusal(&request)
        };
        let (blocked, restricted) = ("Endpoint is blocked by agent configuration", "Access is restricted");
        assert_eq!(said("GET", "/v1/kv/a", None), Some(blocked));
        assert_eq!(said("GET", "/v1/%6bv/a", None), Some(blocked));
        assert_eq!(said("PUT", "/v1/kv/a", Some("10.0.0.1")), Some(blocked));
        assert_eq!(said("PUT", "/v1/session/create", Some("10.0.0.1")), None);
        for method in ["PUT", "POST", "DELETE", "PATCH"] {
            assert_eq!(said(method, "/v1/session/create", Some("11.0.0.1")), Some(restricted), "{method}");
        }
        assert_eq!(said("PUT", "/v1/session/create", None), Some(restricted));
        assert_eq!(said("OPTIONS", "/v1/session/create", Some("11.0.0.1")), None);
        assert_eq!(said("GET", "/v1/session/list", None), None);
    }
}
