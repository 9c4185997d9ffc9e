//! Two services behind their sidecars: `web` calls `api` through a local port.

use std::time::Duration;

use serde_json::{Value, json};

use super::agent::Keeps;
use super::call::{self, Http1};
use super::{Agent, Backend, Envoy, Load, Scratch, Xds, free_port, until_ok};

const FIRST_CALL: Duration = Duration::from_secs(20);

/// The port of applications that nobody calls.
const UNUSED: u16 = 9;

/// What `api` speaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Protocol {
    Tcp,
    Http,
    Http2,
    Grpc,
}

impl Protocol {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Http => "http",
            Self::Http2 => "http2",
            Self::Grpc => "grpc",
        }
    }
}

/// What to start.
#[derive(Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) protocol: Protocol,
    pub(crate) load: Load,
    pub(crate) xds: Xds,
    pub(crate) agent: Keeps,
    /// What holds where no intention matches.
    pub(crate) default: &'static str,
}

/// One instance of a service, its sidecar included. Ends when dropped.
#[must_use]
pub(crate) struct Instance {
    pub(crate) backend: Backend,
    pub(crate) envoy: Envoy,
    /// Where the sidecar takes calls from the mesh.
    pub(crate) public: u16,
}

/// The running pair.
pub(crate) struct Mesh {
    pub(crate) web: Envoy,
    /// Where the mesh would call `web`.
    pub(crate) web_public: u16,
    pub(crate) api: Instance,
    /// Where `web` calls `api`.
    pub(crate) upstream: u16,
    pub(crate) agent: Agent,
    pub(crate) plan: Plan,
    pub(crate) scratch: Scratch,
}

impl Plan {
    pub(crate) fn of(protocol: Protocol) -> Self {
        Self { protocol, load: Load::Shared, xds: Xds::Delta, agent: Keeps::Nothing, default: "allow" }
    }

    pub(crate) fn quiet(self) -> Self {
        Self { load: Load::Quiet, ..self }
    }

    pub(crate) fn durable(self) -> Self {
        Self { agent: Keeps::Everything, ..self }
    }

    /// With a default that denies, and one intention that lets the first call pass.
    pub(crate) fn denying(self) -> Self {
        Self { default: "deny", ..self }
    }

    pub(crate) fn over(self, xds: Xds) -> Self {
        Self { xds, ..self }
    }

    /// Starts everything and waits until a call passes.
    pub(crate) async fn start(self) -> Mesh {
        let scratch = Scratch::new(self.load).await;
        let agent = Agent::start(&scratch, self.agent, self.default).await;
        if self.default == "deny" {
            agent.intend("web", "api", "allow").await;
        }
        let protocol = self.protocol.name();
        agent.write_config(&json!({ "Kind": "service-defaults", "Name": "api", "Protocol": protocol })).await;
        let api = Instance::start(&scratch, &agent, self, "api-1").await;
        let (upstream, web_public) = (free_port(), free_port());
        let upstreams = json!([{ "DestinationName": "api", "LocalBindPort": upstream }]);
        agent.register(&caller("web", web_public, &upstreams)).await;
        let web = Envoy::sidecar_for(&scratch, &agent, "web", self.xds).await;
        let mesh = Mesh { web, web_public, api, upstream, agent, plan: self, scratch };
        until_ok("the first call passes", FIRST_CALL, async || mesh.call().await).await;
        mesh
    }
}

impl Instance {
    /// Starts one more instance of `api`.
    pub(crate) async fn start(scratch: &Scratch, agent: &Agent, plan: Plan, id: &str) -> Self {
        let backend = match plan.protocol {
            Protocol::Tcp => Backend::tcp(id).await,
            Protocol::Http | Protocol::Http2 | Protocol::Grpc => Backend::http(id).await,
        };
        let public = free_port();
        agent.register(&callee("api", id, backend.port, public)).await;
        let envoy = Envoy::sidecar_for(scratch, agent, id, plan.xds).await;
        Self { backend, envoy, public }
    }
}

impl Mesh {
    /// One call from `web` to `api` on a connection of its own: the answer's text.
    pub(crate) async fn call(&self) -> Result<String, String> {
        let port = self.upstream;
        let reply = match self.plan.protocol {
            Protocol::Tcp => return call::tcp(port).await,
            Protocol::Http => Http1::to(port).get("/").await?,
            Protocol::Http2 => call::http2(port, "/").await?,
            Protocol::Grpc => call::grpc(port, "/test.Echo/Say").await?,
        };
        // What a proxy answers in an application's place has status 200 too where gRPC is spoken.
        let grpc_status = reply.header("grpc-status").filter(|status| *status != "0");
        match (reply.status, grpc_status) {
            (200, None) => Ok(reply.text()),
            (200, Some(status)) => Err(format!("gRPC status {status} {}", reply.text())),
            (status, _) => Err(format!("{status} {}", reply.text())),
        }
    }

    /// One more instance of `api`, taking calls when this returns.
    pub(crate) async fn add_instance(&self, id: &str) -> Instance {
        let instance = Instance::start(&self.scratch, &self.agent, self.plan, id).await;
        until_ok("the new instance answers", FIRST_CALL, async || match self.call().await? {
            text if text.contains(id) => Ok(()),
            text => Err(text),
        })
        .await;
        instance
    }
}

/// A service with a TTL check that passes, and a sidecar.
pub(crate) fn callee(name: &str, id: &str, port: u16, public: u16) -> Value {
    json!({
        "Name": name,
        "ID": id,
        "Port": port,
        "Check": { "TTL": "1h", "Status": "passing" },
        "Connect": { "SidecarService": { "Port": public } },
    })
}

/// A service that only calls.
pub(crate) fn caller(name: &str, public: u16, upstreams: &Value) -> Value {
    json!({
        "Name": name,
        "Port": UNUSED,
        "Connect": { "SidecarService": { "Port": public, "Proxy": { "Upstreams": upstreams } } },
    })
}
