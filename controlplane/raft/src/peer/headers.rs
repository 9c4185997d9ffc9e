//! What a request says besides its body, and whether it may come in with that.

use tonic::metadata::{Ascii, MetadataMap, MetadataValue};

use super::{Identity, PROTOCOL};
use crate::transport::Method;

const METHOD: &str = "weft-method";
const FROM: &str = "weft-from";
const TO: &str = "weft-to";
const CLUSTER: &str = "weft-cluster";
const DATACENTER: &str = "weft-dc";
const VERSION: &str = "weft-protocol";

/// Who asks, who is meant, and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Claims {
    pub(super) protocol: u32,
    pub(super) from: u64,
    /// 0: whoever it is.
    pub(super) to: u64,
    pub(super) cluster: String,
    pub(super) datacenter: String,
    pub(super) method: Method,
}

impl Claims {
    pub(super) fn new(identity: &Identity, to: u64, method: Method) -> Self {
        Self {
            protocol: PROTOCOL,
            from: identity.id(),
            to,
            cluster: identity.cluster().as_ref().to_owned(),
            datacenter: identity.datacenter().to_owned(),
            method,
        }
    }

    pub(super) fn write(&self, metadata: &mut MetadataMap) {
        metadata.insert(METHOD, MetadataValue::from_static(self.method.name()));
        metadata.insert(VERSION, self.protocol.into());
        metadata.insert(FROM, self.from.into());
        metadata.insert(TO, self.to.into());
        // Both are plain ASCII by their own rules; what is not would be refused for its absence.
        for (key, value) in [(CLUSTER, &self.cluster), (DATACENTER, &self.datacenter)] {
            if let Ok(value) = value.parse::<MetadataValue<Ascii>>() {
                metadata.insert(key, value);
            }
        }
    }

    /// # Errors
    /// Which part is missing or not understood.
    pub(super) fn read(metadata: &MetadataMap) -> Result<Self, String> {
        let text = |key: &str| {
            let value = metadata.get(key).and_then(|value| value.to_str().ok());
            value.ok_or_else(|| format!("the header {key} is missing"))
        };
        let number = |key: &str| text(key)?.parse().map_err(|_| format!("the header {key} holds no number"));
        let protocol = u32::try_from(number(VERSION)?).unwrap_or(u32::MAX);
        let method = text(METHOD)?;
        Ok(Self {
            protocol,
            from: number(FROM)?,
            to: number(TO)?,
            cluster: text(CLUSTER)?.to_owned(),
            datacenter: text(DATACENTER)?.to_owned(),
            method: Method::from_name(method).ok_or_else(|| {
                format!("there is no method {method:?} here: the servers' versions are too far apart, upgrade one")
            })?,
        })
    }

    /// Whether the receiver of these claims may answer. Greetings come from servers of no cluster or
    /// of any; whoever serves them judges that.
    ///
    /// # Errors
    /// What is wrong and what to do, told to the asking side.
    pub(super) fn judge(&self, receiver: &Identity, owner: Option<u64>) -> Result<(), String> {
        let Self { protocol, from, to, cluster, datacenter, method } = self;
        let here = receiver.id();
        if *protocol != PROTOCOL {
            return Err(format!(
                "server {here} speaks version {PROTOCOL} of the servers' protocol, server {from} version {protocol}: \
                 upgrade one"
            ));
        }
        if let Some(owner) = owner.filter(|owner| owner != from) {
            return Err(format!("the certificate belongs to server {owner}, the request claims to be server {from}'s"));
        }
        if datacenter != receiver.datacenter() {
            return Err(format!(
                "server {from} is in datacenter {datacenter:?}, server {here} in {:?}: mend --datacenter or --retry-join",
                receiver.datacenter()
            ));
        }
        if *to != 0 && *to != here {
            return Err(format!(
                "server {to} is meant, but server {here} is what answers at this address. If server {to} is gone for \
                 good, remove it: weft operator raft remove-peer"
            ));
        }
        let own = receiver.cluster();
        if *method == Method::Hello || (!own.is_empty() && *own == **cluster) {
            return Ok(());
        }
        Err(match (cluster.is_empty(), own.is_empty()) {
            (true, _) => format!("server {from} has not joined cluster {own:?} yet"),
            (false, true) => format!("server {here} belongs to no cluster yet"),
            (false, false) => format!(
                "server {from} belongs to cluster {cluster}, server {here} to cluster {own}: mend --retry-join, or start \
                 one of them on an empty --data-dir if what it has is not needed"
            ),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn receiver() -> Identity {
        let identity = Identity::new(2, "dc1");
        identity.set_cluster("c");
        identity
    }

    fn claims() -> Claims {
        let sender = Identity::new(1, "dc1");
        sender.set_cluster("c");
        Claims::new(&sender, 2, Method::Vote)
    }

    #[test]
    fn claims_survive_the_wire() {
        let mut metadata = MetadataMap::new();
        claims().write(&mut metadata);
        assert_eq!(Claims::read(&metadata).unwrap(), claims());
        metadata.insert(METHOD, MetadataValue::from_static("dance"));
        assert!(Claims::read(&metadata).unwrap_err().contains("no method \"dance\""));
        metadata.remove(TO);
        assert_eq!(Claims::read(&metadata).unwrap_err(), "the header weft-to is missing");
    }

    #[test]
    fn only_what_fits_comes_in() {
        assert_eq!(claims().judge(&receiver(), Some(1)), Ok(()));
        assert_eq!(claims().judge(&receiver(), None), Ok(()));
        let refused = |claims: Claims, text: &str| {
            let found = claims.judge(&receiver(), Some(1)).unwrap_err();
            assert!(found.contains(text), "{found}");
        };
        refused(Claims { protocol: 9, ..claims() }, "version 9: upgrade one");
        refused(Claims { from: 7, ..claims() }, "the certificate belongs to server 1");
        refused(Claims { datacenter: "dc2".into(), ..claims() }, "mend --datacenter");
        refused(Claims { to: 3, ..claims() }, "server 3 is meant, but server 2");
        refused(Claims { cluster: "d".into(), ..claims() }, "belongs to cluster d, server 2 to cluster c");
        refused(Claims { cluster: String::new(), ..claims() }, "has not joined");
        let loose = Identity::new(2, "dc1");
        assert!(claims().judge(&loose, None).unwrap_err().contains("no cluster yet"));
        let nobody = Claims { cluster: String::new(), ..claims() };
        assert!(nobody.judge(&loose, None).is_err(), "two servers without a cluster do not make one");
    }

    #[test]
    fn greetings_need_no_cluster_but_the_right_place() {
        let hello = Claims { method: Method::Hello, cluster: String::new(), to: 0, ..claims() };
        assert_eq!(hello.judge(&receiver(), Some(1)), Ok(()));
        assert_eq!(Claims { cluster: "d".into(), ..hello.clone() }.judge(&receiver(), Some(1)), Ok(()));
        assert!(Claims { datacenter: "dc2".into(), ..hello }.judge(&receiver(), Some(1)).is_err());
    }
}
