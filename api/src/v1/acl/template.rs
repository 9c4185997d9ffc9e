//! Templated policies.

use std::collections::BTreeMap;

use uuid::Uuid;
use weft_model::acl::{Identities, Policy, Template, TemplatedPolicy};
use weft_model::catalog::Indexed;
use weft_state::StateView;

use super::body::VariablesBody;
use crate::answer::{Answer, Outcome};
use crate::call::Call;
use crate::refusal::Refusal;
use crate::wire::acl::{PolicyRow, TemplateRow};

const NAME_SCHEMA: &str = r#"{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}"#;

/// All templates by their name.
pub(crate) fn list(_: &Call, _: &StateView<'_>) -> Outcome {
    let rows: BTreeMap<_, _> = Template::ALL.into_iter().map(|template| (template.as_str(), row(template))).collect();
    Ok(Answer::json(rows))
}

/// One template.
pub(crate) fn get(call: &Call, _: &StateView<'_>) -> Outcome {
    Ok(Answer::json(row(find(call)?)))
}

fn find(call: &Call) -> Result<Template, Refusal> {
    let name = call.path_name("Bad request: Missing templated policy Name")?;
    Template::parse(name)
        .ok_or_else(|| Refusal::bad_request(format!("Bad request: Invalid templated policy Name: {name}")))
}

fn row(template: Template) -> TemplateRow {
    TemplateRow {
        template_name: template.as_str(),
        schema: if template.needs_name() { NAME_SCHEMA } else { "" },
        template: template.rules("{{.Name}}").to_string(),
        description: template.about(),
    }
}

/// The policy that a template gives for a name.
pub(crate) async fn preview(call: Call) -> Outcome {
    let template = find(&call)?;
    let variables = if call.body.is_empty() {
        VariablesBody::default()
    } else {
        call.decode_as("Bad request: Failed to decode request body")?
    };
    let name = variables.name;
    let policy =
        TemplatedPolicy { template: template.as_str().to_owned(), name: name.clone(), datacenters: Vec::new() };
    let identities = Identities { templates: vec![policy], ..Identities::default() };
    identities.validate("token", false).map_err(|text| Refusal::bad_request(format!("Bad request: {text}")))?;
    let policy = Policy {
        id: Uuid::nil(),
        name: format!("synthetic-policy-{}", template.as_str().trim_start_matches("builtin/")),
        description: format!("synthetic policy generated from templated policy: {}", template.as_str()),
        rules: template.rules(&name).to_string(),
        datacenters: Vec::new(),
    };
    let shown = Indexed { value: std::sync::Arc::new(policy), create_index: 0, modify_index: 0 };
    std::future::ready(Ok(Answer::json(PolicyRow::whole(&shown)))).await
}
