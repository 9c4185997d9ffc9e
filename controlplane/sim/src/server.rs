//! One run of one server.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use weft_raft::{Config, Raft, Server as Member, StartError};
use weft_state::{State, Store};

use crate::disk::{Platter, SimDisk};
use crate::net::SimNet;
use crate::plan::Plan;

pub(crate) struct Server {
    pub(crate) id: u64,
    /// Counts the runs of this server.
    pub(crate) boot: u64,
    pub(crate) raft: Raft,
    pub(crate) store: Arc<Store>,
    /// Cancelled when it crashes.
    pub(crate) gone: CancellationToken,
}

impl Server {
    pub(crate) async fn start(
        id: u64,
        plan: &Plan,
        net: &Arc<SimNet>,
        platter: &Arc<Mutex<Platter>>,
    ) -> Result<Arc<Self>, StartError> {
        let config = Config {
            node_id: id,
            address: member(id).address,
            snapshot_after: plan.snapshot_after,
            log_kept: plan.log_kept,
            verify_every: Duration::from_secs(1),
            leader_patience: Duration::from_secs(2),
            propose_timeout: Duration::from_secs(6),
            ..Config::default()
        };
        let gone = CancellationToken::new();
        let transport = net.transport(id, gone.clone());
        let (store, proposals) = Store::new(State::default());
        let disk = SimDisk::boot(platter);
        let boot = disk.number();
        let raft = Raft::start_on(disk, config, Arc::clone(&store), proposals, transport).await?;
        net.attach(id, raft.inbound());
        Ok(Arc::new(Self { id, boot, raft, store, gone }))
    }
}

pub(crate) fn member(id: u64) -> Member {
    let (name, address) = (format!("server-{id}"), format!("10.0.0.{id}:8300"));
    Member { name, address, server_id: format!("id-{id}"), read_replica: false }
}
