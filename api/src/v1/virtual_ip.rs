//! `/v1/internal/service-virtual-ip`: addresses of a service that somebody chooses.

use std::net::IpAddr;

use serde::Deserialize;
use weft_model::{Command, Reply, ServiceName};

use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::virtual_ip::Assigned;

/// How many a service has at most.
const MOST: usize = 8;

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Assignment {
    service: String,
    #[serde(rename = "ManualVIPs")]
    manual_vips: Vec<String>,
}

/// Gives a service these addresses and no others. Whoever had one of them loses it.
pub(crate) async fn assign(call: Call) -> Outcome {
    let wanted: Assignment = call.decode()?;
    if wanted.manual_vips.len() > MOST {
        let text = format!("cannot associate more than {MOST} manual virtual IPs with the same service");
        return Err(Refusal::failed(text));
    }
    let mut addresses = Vec::new();
    for text in &wanted.manual_vips {
        let address: IpAddr =
            text.parse().map_err(|_| Refusal::failed(format!("{text:?} is not a valid IP address")))?;
        let address = address.to_canonical();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let service = ServiceName::from(wanted.service);
    match call.propose_once(Command::VirtualIpsAssign { service, addresses }).await? {
        Reply::Assigned(unassigned) => Ok(Answer::json(Assigned::new(unassigned))),
        Reply::Done | Reply::Swapped(_) | Reply::Serial(_) | Reply::Txn(_) => {
            Err(Refusal::failed("the assignment gave no answer"))
        }
    }
}
