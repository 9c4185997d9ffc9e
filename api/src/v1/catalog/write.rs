//! Registrations of nodes that no agent of this cluster runs on.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use weft_model::catalog::{Meta, Node, Proxy, Service, ServiceAddress, ServiceKind, Weights};
use weft_model::command::Target;
use weft_model::health::{Check, CheckDefinition, CheckStatus};
use weft_model::registration::{ConnectBody, Registration, ServiceDefinition, ServiceRegistration};
use weft_model::{Command, NodeName, ServiceName};
use weft_state::StateView;

use super::{holder, vet};
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;

/// The body of `PUT /v1/catalog/register`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct RegisterRequest {
    #[serde(rename = "ID")]
    id: String,
    node: String,
    address: String,
    tagged_addresses: BTreeMap<String, String>,
    node_meta: Meta,
    datacenter: String,
    service: Option<ServiceBody>,
    check: Option<HealthCheck>,
    checks: Vec<HealthCheck>,
    skip_node_update: bool,
    #[serde(rename = "WriteRequest")]
    _write_request: Option<Value>,
    #[serde(rename = "Partition")]
    _partition: String,
}

/// `Service` as this endpoint takes it: what the catalog shows can be sent back.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ServiceBody {
    kind: ServiceKind,
    #[serde(rename = "ID")]
    pub(crate) id: String,
    pub(crate) service: ServiceName,
    tags: Vec<String>,
    address: String,
    tagged_addresses: BTreeMap<String, ServiceAddress>,
    meta: Meta,
    port: u16,
    socket_path: String,
    weights: Option<Weights>,
    enable_tag_override: bool,
    proxy: Option<Proxy>,
    connect: ConnectRequest,
    namespace: String,
    partition: String,
    #[serde(rename = "CreateIndex")]
    _create_index: u64,
    /// What transactions compare.
    pub(crate) modify_index: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct ConnectRequest {
    native: bool,
}

/// A check as this endpoint takes it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct HealthCheck {
    /// Counts in transactions; a registration says it once for all.
    pub(crate) node: String,
    #[serde(rename = "CheckID")]
    check_id: String,
    name: String,
    status: String,
    notes: String,
    output: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(rename = "ServiceName")]
    _service_name: String,
    #[serde(rename = "ServiceTags")]
    _service_tags: Vec<String>,
    #[serde(rename = "Type")]
    kind: String,
    definition: CheckDefinition,
    #[serde(rename = "Namespace")]
    _namespace: String,
    #[serde(rename = "Partition")]
    _partition: String,
    #[serde(rename = "CreateIndex")]
    _create_index: u64,
    /// What transactions compare.
    pub(crate) modify_index: u64,
}

/// The body of `PUT /v1/catalog/deregister`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DeregisterRequest {
    node: String,
    datacenter: String,
    #[serde(rename = "ServiceID")]
    service_id: String,
    #[serde(rename = "CheckID")]
    check_id: String,
    #[serde(rename = "Address")]
    _address: String,
    #[serde(rename = "Namespace")]
    _namespace: String,
    #[serde(rename = "Partition")]
    _partition: String,
    #[serde(rename = "WriteRequest")]
    _write_request: Option<Value>,
}

/// Adds or replaces a node, an instance on it, and checks; all or nothing.
pub(crate) async fn register(call: Call) -> Outcome {
    let request: RegisterRequest = call.decode()?;
    call.check_datacenter(&request.datacenter)?;
    let registration = request.into_registration(&call)?;
    vet::registration(&call, &registration)?;
    refuse_reserved(&call, &registration)?;
    let outcome = call.propose(Command::Register(Box::new(registration))).await;
    outcome.map_err(|refusal| match refusal.text.starts_with("Missing service registration") {
        true => Refusal::failed(format!("failed inserting check: {refusal}")),
        false => refusal,
    })?;
    Ok(Answer::json(true))
}

fn refuse_reserved(call: &Call, registration: &Registration) -> Result<(), Refusal> {
    let state = call.host.store.current();
    let view = StateView::new(&state);
    if registration.skip_node_update {
        return Ok(());
    }
    match holder::reserved(&view, &registration.node) {
        Some(text) => Err(Refusal::failed(format!("failed inserting node: {text}"))),
        None => Ok(()),
    }
}

/// Removes a node, an instance or a check. What is not there is not an error.
pub(crate) async fn deregister(call: Call) -> Outcome {
    let request: DeregisterRequest = call.decode()?;
    call.check_datacenter(&request.datacenter)?;
    if request.node.is_empty() {
        return Err(Refusal::failed("Must provide node"));
    }
    let target = match (request.service_id.as_str(), request.check_id.as_str()) {
        ("", "") => Target::Node,
        ("", check) => Target::Check(check.into()),
        (service, _) => Target::Service(service.into()),
    };
    let node = NodeName::from(&request.node);
    vet::deregistration(&call, &node, &target)?;
    call.propose(Command::Deregister { node, target }).await?;
    Ok(Answer::json(true))
}

impl RegisterRequest {
    fn into_registration(self, call: &Call) -> Result<Registration, Refusal> {
        if self.node.is_empty() {
            return Err(Refusal::failed("Must provide node"));
        }
        if self.address.is_empty() && !self.skip_node_update {
            return Err(Refusal::failed("Must provide address if SkipNodeUpdate is not set"));
        }
        check_node_id(&self.id)?;
        let name = NodeName::from(&self.node);
        let checks = self.check.into_iter().chain(self.checks);
        Ok(Registration {
            checks: checks.map(|check| check.into_check(&name)).collect::<Result<_, _>>()?,
            node: Node {
                id: self.id,
                name,
                address: self.address,
                datacenter: call.host.agent.node.datacenter.clone(),
                tagged_addresses: self.tagged_addresses,
                meta: self.node_meta,
            },
            skip_node_update: self.skip_node_update,
            services: self.service.map(ServiceBody::into_service).transpose()?.into_iter().collect(),
            keep_status: false,
        })
    }
}

/// Refuses what is no node's id; none is fine.
pub(crate) fn check_node_id(id: &str) -> Result<(), Refusal> {
    if id.is_empty() {
        return Ok(());
    }
    if id.len() != 36 {
        return Err(Refusal::failed("Bad node ID: uuid string is wrong length"));
    }
    match uuid::Uuid::try_parse(id) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::failed("Bad node ID: uuid is improperly formatted")),
    }
}

impl ServiceBody {
    /// The instance by its id alone, for what needs no more.
    pub(crate) fn named(self) -> Service {
        let id = if self.id.is_empty() { self.service.as_str().into() } else { self.id.into() };
        Service { id, name: self.service, ..Service::default() }
    }

    pub(crate) fn into_service(self) -> Result<ServiceRegistration, Refusal> {
        if self.service.is_empty() {
            return Err(Refusal::failed("Must provide service name"));
        }
        self.validate()?;
        let weights = self.weights().unwrap_or_default();
        let service = Service {
            kind: self.kind,
            id: if self.id.is_empty() { self.service.as_str().into() } else { self.id.into() },
            name: self.service,
            tags: self.tags,
            meta: self.meta,
            port: self.port,
            address: self.address,
            socket_path: self.socket_path,
            tagged_addresses: self.tagged_addresses,
            weights,
            enable_tag_override: self.enable_tag_override,
            proxy: self.proxy.map(Box::new),
            native: self.connect.native,
            sidecar_of: None,
        };
        Ok(ServiceRegistration { service, ..ServiceRegistration::default() })
    }

    /// Clients whose types have no "not given" send zeros.
    fn weights(&self) -> Option<Weights> {
        self.weights.filter(|weights| (weights.passing, weights.warning) != (0, 0))
    }

    /// The rules are those of registrations with an agent.
    fn validate(&self) -> Result<(), Refusal> {
        let definition = ServiceDefinition {
            kind: self.kind,
            id: self.id.clone(),
            name: self.service.clone(),
            meta: self.meta.clone(),
            port: self.port,
            address: self.address.clone(),
            socket_path: self.socket_path.clone(),
            weights: self.weights(),
            proxy: self.proxy.clone(),
            connect: Some(ConnectBody { native: self.connect.native, sidecar_service: None }),
            namespace: self.namespace.clone(),
            partition: self.partition.clone(),
            ..ServiceDefinition::default()
        };
        let outcome = definition.into_registration(&Node::default(), (0, 0), false);
        outcome.map(drop).map_err(|faults| Refusal::failed(faults.to_string()))
    }
}

impl HealthCheck {
    pub(crate) fn into_check(self, node: &NodeName) -> Result<Check, Refusal> {
        let status = match self.status.as_str() {
            "" => CheckStatus::Critical,
            text => CheckStatus::parse(text).ok_or_else(|| Refusal::failed("Bad check status"))?,
        };
        let id = if self.check_id.is_empty() { &self.name } else { &self.check_id };
        if id.is_empty() {
            return Err(Refusal::failed("Must provide a check ID or a check name"));
        }
        Ok(Check {
            node: node.clone(),
            id: id.into(),
            kind: if self.kind.is_empty() { kind_of(&self.definition).to_owned() } else { self.kind },
            name: self.name,
            status,
            notes: self.notes,
            output: self.output,
            service_id: self.service_id.into(),
            service_name: ServiceName::default(),
            service_tags: Vec::new(),
            definition_public: self.definition != CheckDefinition::default(),
            definition: self.definition.into(),
        })
    }
}

fn kind_of(definition: &CheckDefinition) -> &'static str {
    let kinds =
        [(&definition.http, "http"), (&definition.tcp, "tcp"), (&definition.udp, "udp"), (&definition.grpc, "grpc")];
    kinds.iter().find(|(target, _)| !target.is_empty()).map_or("", |(_, kind)| kind)
}
