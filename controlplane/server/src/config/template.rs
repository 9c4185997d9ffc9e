//! Addresses that are looked up: `{{ GetPrivateIP }}`, `{{ GetPublicIP }}`, `{{ GetInterfaceIP "eth0" }}`, as files for many
//! machines have them. What the kernel says is read from `/proc/net`.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use super::finish::reachable;

const KNOWN: &str =
    "known are {{ GetPrivateIP }}, {{ GetPublicIP }} and {{ GetInterfaceIP \"NAME\" }}; else give the IP address";

/// The address that a template stands for.
pub(super) fn address(written: &str) -> Result<IpAddr, String> {
    let inner = written.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let words: Vec<&str> = inner.unwrap_or_default().split_whitespace().collect();
    match words[..] {
        ["GetPrivateIP"] => by_default(true).ok_or_else(|| none(written)),
        ["GetPublicIP"] => by_default(false).ok_or_else(|| none(written)),
        ["GetInterfaceIP", name] => {
            let name = name.trim_matches(['"', '`', '\'']);
            let read = |file: &str| fs::read_to_string(file).map_err(|error| format!("{file}: {error}"));
            of_interface(name, &read("/proc/net/fib_trie")?, &read("/proc/net/route")?).ok_or_else(|| none(written))
        }
        _ => Err(format!("{written:?}: {KNOWN}")),
    }
}

fn none(written: &str) -> String {
    format!("{written:?}: this machine has no such address")
}

/// The address of the way out, if it is of that kind.
fn by_default(private: bool) -> Option<IpAddr> {
    reachable(Ipv4Addr::UNSPECIFIED.into()).filter(|address| is_private(*address) == private)
}

/// Of networks that are not passed on: RFC 1918 and 6598.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            address.is_private() || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(address) => (address.segments()[0] & 0xfe00) == 0xfc00,
    }
}

/// The first address of this machine that lies in a network of the interface.
fn of_interface(name: &str, fib_trie: &str, route: &str) -> Option<IpAddr> {
    let networks: Vec<(u32, u32)> = route.lines().skip(1).filter_map(|line| network(line, name)).collect();
    let is_in = |address: &Ipv4Addr| networks.iter().any(|(to, mask)| *mask != 0 && address.to_bits() & mask == *to);
    local(fib_trie).into_iter().find(is_in).map(IpAddr::V4)
}

/// A row of `/proc/net/route`, whose numbers are written as this machine keeps them in memory.
fn network(line: &str, name: &str) -> Option<(u32, u32)> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |word: &str| u32::from_str_radix(word, 16).ok().map(|number| u32::from_be_bytes(number.to_ne_bytes()));
    // What lies behind a gateway is no network of the interface.
    (words.first() == Some(&name) && number(words.get(2)?)? == 0).then_some(())?;
    Some((number(words.get(1)?)?, number(words.get(7)?)?))
}

/// The addresses below which `/proc/net/fib_trie` says that they are of this machine.
fn local(fib_trie: &str) -> Vec<Ipv4Addr> {
    let lines = fib_trie.lines().zip(fib_trie.lines().skip(1));
    let mut found: Vec<Ipv4Addr> = lines
        .filter(|(_, below)| below.trim() == "/32 host LOCAL")
        .filter_map(|(line, _)| line.trim().strip_prefix("|-- ")?.parse().ok())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const FIB_TRIE: &str = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     +-- 10.1.0.0/16 2 0 1\n        |-- 10.1.0.0\n           /16 link UNICAST\n           /32 link BROADCAST\n        |-- 10.1.2.3\n           /32 host LOCAL\n        |-- 127.0.0.1\n           /32 host LOCAL\n        |-- 192.168.7.9\n           /32 host LOCAL\n";
    const ROUTE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
        eth0\t00000000\t0100010A\t0003\t0\t0\t0\t00000000\n\
        eth0\t0000010A\t00000000\t0001\t0\t0\t0\t0000FFFF\n\
        eth0\t0007A8C0\t0100010A\t0003\t0\t0\t0\t00FFFFFF\n\
        wlan0\t0007A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n";

    #[test]
    fn an_interface_has_the_address_that_lies_in_its_network() {
        let of = |name: &str| of_interface(name, FIB_TRIE, ROUTE).map(|address| address.to_string());
        assert_eq!(of("eth0").as_deref(), Some("10.1.2.3"));
        assert_eq!(of("wlan0").as_deref(), Some("192.168.7.9"));
        for none in ["lo", "eth1"] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_private_and_what_cannot_be_said() {
        for (address, private) in [
            ("10.0.0.1", true),
            ("172.31.0.1", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("8.8.8.8", false),
            ("fd00::1", true),
            ("2001:db8::1", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), private, "{address}");
        }
        let out = reachable(Ipv4Addr::UNSPECIFIED.into());
        let looked_up = [address("{{ GetPrivateIP }}").ok(), address("{{GetPublicIP}}").ok()];
        assert_eq!(looked_up.into_iter().flatten().next(), out, "it is one of both, where there is a way out");
        for wrong in ["{{ GetInterfaceIP \"no-such-one\" }}", "{{ GetAllInterfaces | limit 1 }}", "{{", "{{ }}"] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
