//! `weft operator raft recover`: gives a cluster that cannot agree any more other members, from the disk of one server.

use std::collections::BTreeMap;
use std::path::PathBuf;

use weft_raft::Server;

use crate::failure::{Context, DONE, Failure, Outcome};
use crate::output;

/// Give a cluster that has lost its quorum, or all its addresses, other members
///
/// Works on the data directory of a server that does not run. Choose the one with the longest log; what it
/// holds is what goes on. The others are told by it when they run; those that are left out have to be emptied
/// before they may join again (weft agent --rejoin-as-new).
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  weft operator raft recover --data-dir /var/lib/weft --dry-run         see who is known, and how long the log is
  weft operator raft recover --data-dir /var/lib/weft                   this server goes on alone
  weft operator raft recover --data-dir /var/lib/weft --peer n1=10.1.0.1:8300 --peer n2=10.1.0.2:8300")]
pub(crate) struct Recover {
    /// The data directory
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// A server that stays, by its node's name or ID, and where it is now; may be given several times
    #[arg(long, value_name = "SERVER[=HOST:PORT]")]
    peer: Vec<String>,
    /// Change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Recover {
    pub(crate) fn run(&self) -> Outcome {
        let known = weft_raft::inspect(&self.data_dir).context("Error recovering")?;
        let members = if self.dry_run && self.peer.is_empty() {
            known.members.clone()
        } else {
            chosen(known.id, &known.members, &self.peer)?
        };
        output::print(&format!("The log of this server ends at index {}.", known.last_index))?;
        output::print(&table(&members))?;
        if self.dry_run {
            return Ok(DONE);
        }
        weft_raft::recover(&self.data_dir, members).context("Error recovering")?;
        output::print("These are the members now. Start this server first.")?;
        Ok(DONE)
    }
}

/// The members that are named, this server always among them.
fn chosen(own: u64, known: &BTreeMap<u64, Server>, peers: &[String]) -> Result<BTreeMap<u64, Server>, Failure> {
    let mut members = BTreeMap::new();
    let this =
        known.get(&own).ok_or_else(|| Failure::new("Error recovering: this server is no member of its cluster"))?;
    members.insert(own, Server { read_replica: false, ..this.clone() });
    for peer in peers {
        let (name, address) = peer.split_once('=').map_or((peer.as_str(), None), |(name, at)| (name, Some(at)));
        let mut found = known
            .iter()
            .filter(|(id, server)| server.name == name || server.server_id == name || id.to_string() == name);
        let (Some((id, server)), None) = (found.next(), found.next()) else {
            return Err(Failure::new(format!(
                "Error recovering: {name:?} is not one of these servers\n{}",
                table(known)
            )));
        };
        let mut server = members.get(id).unwrap_or(server).clone();
        if let Some(address) = address {
            check_address(address)?;
            server.address = address.to_owned();
        }
        members.insert(*id, server);
    }
    Ok(members)
}

fn check_address(address: &str) -> Result<(), Failure> {
    let port = address.rsplit_once(':').filter(|(host, _)| !host.is_empty()).map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(port)) if port > 0 => Ok(()),
        _ => Err(Failure::new(format!("Error recovering: {address:?} is no address; write host:port"))),
    }
}

fn table(members: &BTreeMap<u64, Server>) -> String {
    let heading = ["Node", "ID", "Address", "Voter"].map(str::to_owned);
    let rows = members.values().map(|server| {
        [server.name.clone(), server.server_id.clone(), server.address.clone(), (!server.read_replica).to_string()]
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn known() -> BTreeMap<u64, Server> {
        let server = |name: &str| Server {
            name: name.into(),
            server_id: format!("id-{name}"),
            address: format!("{name}:8300"),
            read_replica: false,
        };
        BTreeMap::from([(11, server("n1")), (22, server("n2")), (33, server("n3"))])
    }

    fn addresses(peers: &[&str]) -> Result<Vec<String>, String> {
        let peers: Vec<_> = peers.iter().map(|peer| (*peer).to_owned()).collect();
        let chosen = chosen(22, &known(), &peers).map_err(|failure| failure.message)?;
        Ok(chosen.into_values().map(|server| server.address).collect())
    }

    #[test]
    fn this_server_always_stays_and_others_by_any_of_their_names() {
        assert_eq!(addresses(&[]).unwrap(), ["n2:8300"]);
        assert_eq!(addresses(&["n3", "id-n1=a:1", "22=b:2"]).unwrap(), ["a:1", "b:2", "n3:8300"]);
    }

    #[test]
    fn strangers_and_wrong_addresses_are_refused() {
        assert!(addresses(&["n4=a:1"]).unwrap_err().contains("\"n4\" is not one of these servers\nNode  ID"));
        for wrong in ["n1=a", "n1=:1", "n1=a:0", "n1=a:b", "n1="] {
            assert!(addresses(&[wrong]).unwrap_err().contains("is no address"), "{wrong}");
        }
    }
}
