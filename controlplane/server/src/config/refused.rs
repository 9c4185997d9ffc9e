//! Keys of Consul that have nothing to work on here. What asks for nothing may stay in files that come from there; what
//! asks for something is told why it is not to be had.

use serde_json::Value;

use super::read;

/// Agents ask for as long as they run: whoever watches over them sees that in the log and in `/v1/status/leader`.
pub(super) fn retry_max(value: &Value) -> Result<(), String> {
    match read::integer(value)? {
        0 => Ok(()),
        _ => Err("an agent goes on asking the servers for as long as it runs: leave it out".to_owned()),
    }
}

pub(super) fn rejoin(value: &Value) -> Result<(), String> {
    match read::boolean(value)? {
        false => Ok(()),
        true => {
            Err("an agent that starts asks the servers in retry_join, whether it has left before or not: leave it out"
                .to_owned())
        }
    }
}

pub(super) fn gossip(_: &Value) -> Result<(), String> {
    Err("there is no gossip: agents speak to each other on ports.server of bind_addr alone; leave it out".to_owned())
}

pub(super) fn raft_protocol(value: &Value) -> Result<(), String> {
    match read::integer(value)? {
        0 | 3 => Ok(()),
        _ => Err("there is one version of raft's protocol, which does what Consul's 3 does: leave it out".to_owned()),
    }
}

pub(super) fn syslog(value: &Value) -> Result<(), String> {
    match read::boolean(value)? {
        false => Ok(()),
        true => Err("weft logs to standard error, which the service manager keeps, and to log_file".to_owned()),
    }
}
