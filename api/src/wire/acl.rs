//! Access control. Secrets are shown to whoever has just made them or brought them along.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Serialize, Serializer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;
use weft_model::acl::{AuthMethod, BindingRule, Identities, Link, Policy, Role, Token};
use weft_model::catalog::Indexed;
use weft_model::{GoDuration, Timestamp};
use weft_state::StateView;

use super::rfc3339;

/// What stands where a secret would.
pub(crate) const HIDDEN: &str = "<hidden>";

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct LinkRow {
    #[serde(rename = "ID")]
    id: Uuid,
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceIdentityRow {
    service_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    datacenters: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct NodeIdentityRow {
    node_name: String,
    datacenter: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct TemplatedPolicyRow {
    template_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_variables: Option<Variables>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    datacenters: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Variables {
    name: String,
}

/// What tokens and roles have in common.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct IdentityRows {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    service_identities: Vec<ServiceIdentityRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    node_identities: Vec<NodeIdentityRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    templated_policies: Vec<TemplatedPolicyRow>,
}

impl From<&Identities> for IdentityRows {
    fn from(identities: &Identities) -> Self {
        let services = identities.services.iter().cloned();
        let nodes = identities.nodes.iter().cloned();
        let templates = identities.templates.iter().cloned();
        Self {
            service_identities: services
                .map(|identity| ServiceIdentityRow {
                    service_name: identity.service,
                    datacenters: identity.datacenters,
                })
                .collect(),
            node_identities: nodes
                .map(|identity| NodeIdentityRow { node_name: identity.node, datacenter: identity.datacenter })
                .collect(),
            templated_policies: templates
                .map(|policy| TemplatedPolicyRow {
                    template_name: policy.template,
                    template_variables: Some(policy.name)
                        .filter(|name| !name.is_empty())
                        .map(|name| Variables { name }),
                    datacenters: policy.datacenters,
                })
                .collect(),
        }
    }
}

/// A token.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TokenRow {
    /// Of old clients; only after a bootstrap.
    #[serde(rename = "ID", skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    #[serde(rename = "AccessorID")]
    accessor_id: Uuid,
    /// Lists have none.
    #[serde(rename = "SecretID", skip_serializing_if = "Option::is_none")]
    secret_id: Option<String>,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<LinkRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roles: Vec<LinkRow>,
    #[serde(flatten)]
    identities: IdentityRows,
    local: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    auth_method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expiration_time: Option<String>,
    #[serde(serialize_with = "super::time")]
    create_time: Timestamp,
    hash: String,
    create_index: u64,
    modify_index: u64,
    #[serde(flatten)]
    pub(crate) expanded: Option<Expanded>,
}

/// Beside a token, all that it stands for.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Expanded {
    pub(crate) expanded_policies: Vec<PolicyRow>,
    pub(crate) expanded_roles: Vec<RoleRow>,
    #[serde(rename = "AgentACLDefaultPolicy")]
    pub(crate) agent_acl_default_policy: &'static str,
    #[serde(rename = "AgentACLDownPolicy")]
    pub(crate) agent_acl_down_policy: &'static str,
    pub(crate) resolved_by_agent: String,
}

impl TokenRow {
    pub(crate) fn new(view: &StateView<'_>, token: &Indexed<Token>, secret: Option<String>) -> Self {
        let value = &*token.value;
        Self {
            id: None,
            accessor_id: value.accessor,
            secret_id: secret,
            description: value.description.clone(),
            policies: links(view.named_policies(&value.policies)),
            roles: links(view.named_roles(&value.roles)),
            identities: (&value.identities).into(),
            local: value.local,
            auth_method: value.auth_method.clone(),
            expiration_time: value.expires.map(rfc3339),
            create_time: value.created,
            hash: hash(&(&value.description, &value.policies, &value.roles, &value.identities)),
            create_index: token.create_index,
            modify_index: token.modify_index,
            expanded: None,
        }
    }
}

fn links(links: Vec<Link>) -> Vec<LinkRow> {
    links.into_iter().map(|link| LinkRow { id: link.id, name: link.name }).collect()
}

/// Tells values apart; what it is made of is nobody's business.
fn hash(value: &impl Serialize) -> String {
    STANDARD.encode(Sha256::digest(serde_json::to_vec(value).unwrap_or_default()))
}

/// A policy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyRow {
    #[serde(rename = "ID")]
    id: Uuid,
    name: String,
    description: String,
    /// Lists have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<String>,
    /// Lists show that there are none, others leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    datacenters: Option<Option<Vec<String>>>,
    hash: String,
    create_index: u64,
    modify_index: u64,
}

impl PolicyRow {
    pub(crate) fn whole(policy: &Indexed<Policy>) -> Self {
        let datacenters = Some(policy.value.datacenters.clone()).filter(|places| !places.is_empty());
        Self { rules: Some(policy.value.rules.clone()), datacenters: datacenters.map(Some), ..Self::in_list(policy) }
    }

    pub(crate) fn in_list(policy: &Indexed<Policy>) -> Self {
        let value = &*policy.value;
        Self {
            id: value.id,
            name: value.name.clone(),
            description: value.description.clone(),
            rules: None,
            datacenters: Some(Some(value.datacenters.clone()).filter(|places| !places.is_empty())),
            hash: hash(value),
            create_index: policy.create_index,
            modify_index: policy.modify_index,
        }
    }
}

/// A role.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleRow {
    #[serde(rename = "ID")]
    id: Uuid,
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    policies: Vec<LinkRow>,
    #[serde(flatten)]
    identities: IdentityRows,
    hash: String,
    create_index: u64,
    modify_index: u64,
}

impl RoleRow {
    pub(crate) fn new(view: &StateView<'_>, role: &Indexed<Role>) -> Self {
        let value = &*role.value;
        Self {
            id: value.id,
            name: value.name.clone(),
            description: value.description.clone(),
            policies: links(view.named_policies(&value.policies)),
            identities: (&value.identities).into(),
            hash: hash(value),
            create_index: role.create_index,
            modify_index: role.modify_index,
        }
    }
}

/// An auth method.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct MethodRow {
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(rename = "MaxTokenTTL", skip_serializing_if = "GoDuration::is_zero")]
    max_token_ttl: GoDuration,
    #[serde(skip_serializing_if = "String::is_empty")]
    token_locality: String,
    /// Lists have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<Value>,
    create_index: u64,
    modify_index: u64,
}

impl MethodRow {
    pub(crate) fn whole(method: &Indexed<AuthMethod>) -> Self {
        let mut config = method.value.config.clone();
        for (key, value) in &mut config {
            if AuthMethod::is_secret(key) {
                *value = HIDDEN.into();
            }
        }
        Self { config: Some(Value::Object(config)), ..Self::in_list(method) }
    }

    pub(crate) fn in_list(method: &Indexed<AuthMethod>) -> Self {
        let value = (*method.value).clone();
        Self {
            name: value.name,
            kind: value.kind,
            display_name: value.display_name,
            description: value.description,
            max_token_ttl: value.max_token_ttl,
            token_locality: value.token_locality,
            config: None,
            create_index: method.create_index,
            modify_index: method.modify_index,
        }
    }
}

/// A binding rule.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RuleRow {
    #[serde(rename = "ID")]
    id: Uuid,
    description: String,
    auth_method: String,
    selector: String,
    bind_type: String,
    bind_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bind_vars: Option<Variables>,
    create_index: u64,
    modify_index: u64,
}

impl From<&Indexed<BindingRule>> for RuleRow {
    fn from(rule: &Indexed<BindingRule>) -> Self {
        let value = (*rule.value).clone();
        Self {
            id: value.id,
            description: value.description,
            auth_method: value.auth_method,
            selector: value.selector,
            bind_type: value.bind_type,
            bind_name: value.bind_name,
            bind_vars: value.bind_vars.map(|name| Variables { name }),
            create_index: rule.create_index,
            modify_index: rule.modify_index,
        }
    }
}

/// A templated policy.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TemplateRow {
    pub(crate) template_name: &'static str,
    pub(crate) schema: &'static str,
    pub(crate) template: String,
    pub(crate) description: &'static str,
}

/// Whether a caller may do something.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Allowed {
    pub(crate) resource: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub(crate) segment: String,
    pub(crate) access: String,
    pub(crate) allow: bool,
}

/// State of a replication that there is none of.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Replication {
    pub(crate) enabled: bool,
    pub(crate) running: bool,
    pub(crate) source_datacenter: &'static str,
    pub(crate) replication_type: &'static str,
    pub(crate) replicated_index: u64,
    pub(crate) replicated_role_index: u64,
    pub(crate) replicated_token_index: u64,
    #[serde(serialize_with = "never")]
    pub(crate) last_success: (),
    #[serde(serialize_with = "never")]
    pub(crate) last_error: (),
}

// serde hands fields over by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn never<S: Serializer>((): &(), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str("0001-01-01T00:00:00Z")
}
