//! Who votes.

use serde_json::json;

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::host::PeerRef;
use crate::options;
use crate::refusal::Refusal;
use crate::wire::operator::RaftAnswer;

/// The servers of the cluster. With `stale` as this server knows them, also without a leader.
pub(crate) async fn raft_configuration(call: Call) -> Outcome {
    let knower = options::without_blocking(&call.query)?.consistency.knower();
    Ok(Answer::json(RaftAnswer::from(call.host.cluster.raft_configuration(knower).await?)))
}

/// Takes a server out, whether it answers or not.
pub(crate) async fn remove_peer(call: Call) -> Outcome {
    let peer = match (call.query.text("id"), call.query.text("address")) {
        ("", "") => {
            return Err(Refusal::bad_request(
                "Bad request: Must specify either ?id with the server's ID or ?address with IP:port of peer to remove",
            ));
        }
        (id, "") => PeerRef::Id(id.to_owned()),
        ("", address) => PeerRef::Address(address.to_owned()),
        _ => return Err(Refusal::bad_request("Bad request: Must specify only one of ?id or ?address")),
    };
    call.host.cluster.remove_peer(peer).await?;
    Ok(Answer::empty())
}

/// Lets another server lead.
pub(crate) async fn transfer_leader(call: Call) -> Outcome {
    let to = Some(call.query.text("id").to_owned()).filter(|id| !id.is_empty());
    call.host.cluster.transfer_leader(to).await?;
    Ok(Answer::json(json!({"Success": true})))
}
