//! `weft join`.

use crate::client::{HttpFlags, segment};
use crate::env::Env;
use crate::failure::{DONE, Failure, Outcome};
use crate::output;

/// Let an agent join the cluster of others
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft join 10.0.0.2:8300")]
pub(crate) struct Join {
    /// Where a server of the cluster listens for others
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
    /// Join servers of another datacenter
    #[arg(long)]
    wan: bool,
    #[command(flatten)]
    http: HttpFlags,
}

impl Join {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let client = self.http.client(env)?;
        let mut joined = 0;
        for address in &self.addresses {
            if address.is_empty() || address.contains('/') {
                eprintln!("Error joining address '{address}': it is no HOST or HOST:PORT");
                continue;
            }
            let mut request = client.put(format!("/v1/agent/join/{}", segment(address)));
            if self.wan {
                request = request.param("wan", "1");
            }
            match request.send().await {
                Ok(_) => joined += 1,
                Err(error) => eprintln!("Error joining address '{address}': {error}"),
            }
        }
        if joined == 0 {
            return Err(Failure::new("Failed to join any nodes."));
        }
        output::print(&format!("Successfully joined cluster by contacting {joined} nodes."))?;
        Ok(DONE)
    }
}
