//! Under which addresses a node is known: the one for all, and those that Consul keeps beside it by what they are for.

use std::collections::BTreeMap;
use std::net::IpAddr;

use weft_model::Faults;

/// Addresses for those who look for a certain one. `None`: the one for all.
#[derive(Debug, Default)]
pub(super) struct Reach {
    pub(super) lan_ipv4: Option<IpAddr>,
    pub(super) lan_ipv6: Option<IpAddr>,
    pub(super) wan: Option<IpAddr>,
    pub(super) wan_ipv4: Option<IpAddr>,
    pub(super) wan_ipv6: Option<IpAddr>,
    pub(super) tagged: BTreeMap<String, String>,
}

impl Reach {
    /// The address for all, where only one of a family was given.
    pub(super) fn lan(&self, bind: IpAddr) -> Option<IpAddr> {
        if bind.is_ipv6() { self.lan_ipv6.or(self.lan_ipv4) } else { self.lan_ipv4.or(self.lan_ipv6) }
    }

    pub(super) fn judge(&self, faults: &mut Faults) {
        for (key, address, of_family) in [
            ("advertise_addr_ipv4", self.lan_ipv4, IpAddr::is_ipv4 as fn(&IpAddr) -> bool),
            ("advertise_addr_ipv6", self.lan_ipv6, IpAddr::is_ipv6),
            ("advertise_addr_wan_ipv4", self.wan_ipv4, IpAddr::is_ipv4),
            ("advertise_addr_wan_ipv6", self.wan_ipv6, IpAddr::is_ipv6),
        ] {
            if let Some(address) = address.filter(|address| !of_family(address)) {
                faults.say(format!("{key}: {address} is of the other family"));
            }
        }
    }

    /// All of them by their names, with the address for all in the place of what was not given.
    pub(super) fn tags(&self, lan: IpAddr) -> BTreeMap<String, String> {
        let wan = self.wan.or(if lan.is_ipv6() { self.wan_ipv6 } else { self.wan_ipv4 }).unwrap_or(lan);
        let mut tags = self.tagged.clone();
        let mut tag = |name: &str, address: IpAddr| drop(tags.insert(name.to_owned(), address.to_string()));
        for (reach, address) in [("lan", lan), ("wan", wan)] {
            tag(reach, address);
            tag(&format!("{reach}_{}", if address.is_ipv4() { "ipv4" } else { "ipv6" }), address);
        }
        let given = [("lan_ipv4", self.lan_ipv4), ("lan_ipv6", self.lan_ipv6)];
        let given = given.into_iter().chain([("wan_ipv4", self.wan_ipv4), ("wan_ipv6", self.wan_ipv6)]);
        given.for_each(|(name, address)| address.into_iter().for_each(|address| tag(name, address)));
        tags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(reach: &Reach, lan: &str) -> Vec<String> {
        let lan = lan.parse().unwrap_or(IpAddr::from([0; 4]));
        reach.tags(lan).into_iter().map(|(name, address)| format!("{name}={address}")).collect()
    }

    #[test]
    fn addresses_that_are_not_given_are_the_one_for_all() {
        let one = tags(&Reach::default(), "10.0.0.1");
        assert_eq!(one, ["lan=10.0.0.1", "lan_ipv4=10.0.0.1", "wan=10.0.0.1", "wan_ipv4=10.0.0.1"]);
        let six = Some("2001:db8::1".parse().unwrap_or(IpAddr::from([0; 4])));
        let reach = Reach { wan: Some([1, 2, 3, 4].into()), lan_ipv6: six, ..Reach::default() };
        let tagged = BTreeMap::from([("foo".to_owned(), "5.6.7.8".to_owned())]);
        let all = ["foo=5.6.7.8", "lan=10.0.0.1", "lan_ipv4=10.0.0.1", "lan_ipv6=2001:db8::1", "wan=1.2.3.4"];
        let found = tags(&Reach { tagged, ..reach }, "10.0.0.1");
        assert_eq!(found[..5], all);
        assert_eq!(found[5..], ["wan_ipv4=1.2.3.4"]);
    }
}
