//! Services and checks from the configuration files: registered at every start, and removed when a
//! file does not name them any more.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};
use weft_model::catalog::Node;
use weft_model::command::Target;
use weft_model::registration::{CheckBody, Registration, ServiceDefinition};
use weft_model::{CheckId, Command, ServiceId};
use weft_state::Store;

use crate::config::Definitions;
use crate::keep::{self, Durability};

/// What the files of the last start named. Services that came through the API are not in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Named {
    services: BTreeSet<ServiceId>,
    checks: BTreeSet<CheckId>,
}

/// Makes the catalog fit the files. `former` is what they said before, as far as that is known beside the data
/// directory.
pub(crate) async fn register(
    store: &Store,
    node: &Node,
    sidecar_ports: (u16, u16),
    definitions: &Definitions,
    former: &[Definitions],
    data_dir: Option<&Path>,
) -> anyhow::Result<()> {
    let path = data_dir.map(|dir| dir.join("definitions.json"));
    let kept: Named = path.as_deref().and_then(read).unwrap_or_default();
    let former = former.iter().map(|former| Named::by(former, node)).fold(kept.clone(), Named::and);
    let mut named = Named::default();
    for definition in &definitions.services {
        named.services.insert(definition.service_id());
        let mut registration = definition.clone().into_registration(node, sidecar_ports, true)?;
        registration.checks.iter_mut().for_each(|check| check.definition.from_file = true);
        let command = Command::Register(Box::new(registration));
        store.propose(command).await.with_context(|| format!("service {:?}", definition.name.as_str()))?;
    }
    for definition in &definitions.checks {
        let registration = of_check(definition, node);
        named.checks.extend(registration.checks.iter().map(|check| check.id.clone()));
        let command = Command::Register(Box::new(registration));
        store.propose(command).await.with_context(|| format!("check {:?}", definition.name))?;
    }
    for target in gone(&former, &named) {
        store.propose(Command::Deregister { node: node.name.clone(), target }).await?;
    }
    match path {
        Some(path) if named != kept => {
            let bytes = serde_json::to_vec(&named)?;
            keep::replace(&path, &bytes, Durability::Synced).with_context(|| path.display().to_string())
        }
        Some(_) | None => Ok(()),
    }
}

impl Named {
    fn by(definitions: &Definitions, node: &Node) -> Self {
        let checks = definitions.checks.iter().flat_map(|check| of_check(check, node).checks);
        Self {
            services: definitions.services.iter().map(ServiceDefinition::service_id).collect(),
            checks: checks.map(|check| check.id).collect(),
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.services.extend(other.services);
        self.checks.extend(other.checks);
        self
    }
}

fn of_check(definition: &CheckBody, node: &Node) -> Registration {
    let mut check = definition.clone().into_check(&node.name, &definition.name, &definition.name);
    check.definition.from_file = true;
    Registration {
        node: node.clone(),
        skip_node_update: true,
        checks: vec![check],
        keep_status: true,
        ..Registration::default()
    }
}

fn gone(former: &Named, named: &Named) -> Vec<Target> {
    let services = former.services.difference(&named.services).cloned().map(Target::Service);
    services.chain(former.checks.difference(&named.checks).cloned().map(Target::Check)).collect()
}

fn read(path: &Path) -> Option<Named> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}
