//! The description of the API in OpenAPI 3.1, made from the table of routes and the schemas beside this
//! file.

mod parameter;

use serde_json::{Map, Value, json};

use crate::route::{Options, Payload, Route, Run, Shape};
use crate::routes::ROUTES;

const SCHEMAS: &str = include_str!("schemas.json");

/// The whole document.
pub(crate) fn document(version: &str) -> Value {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| Value::Object(Map::new()));
        path[route.verb.as_str().to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "weft",
            "summary": "The HTTP API of a weft agent, compatible with Consul's.",
            "version": version,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": schemas()},
    })
}

fn schemas() -> Value {
    // The file is part of the program; a test reads it.
    serde_json::from_str(SCHEMAS).unwrap_or_default()
}

fn operation(route: &Route) -> Value {
    let mut operation = json!({
        "operationId": operation_id(route),
        "tags": [area(route)],
        "summary": route.about,
        "parameters": parameter::of(route),
        "responses": responses(route),
        "x-weft-access": route.access.as_str(),
    });
    let body = match route.body {
        Payload::Nothing => None,
        Payload::Json(schema) => Some((true, json!({"application/json": {"schema": reference(schema)}}))),
        Payload::OptionalJson(schema) => Some((false, json!({"application/json": {"schema": reference(schema)}}))),
        Payload::Bytes(content_type) => Some((false, binary(content_type))),
    };
    if let Some((required, content)) = body {
        operation["requestBody"] = json!({"required": required, "content": content});
    }
    operation
}

fn binary(content_type: &str) -> Value {
    json!({content_type: {"schema": {"type": "string", "format": "binary"}}})
}

fn operation_id(route: &Route) -> String {
    let words = route.path.trim_start_matches("/v1/").replace(['{', '}'], "").replace(['/', '-', '.'], "_");
    format!("{}_{words}", route.verb.as_str().to_lowercase())
}

fn area(route: &Route) -> &str {
    route.path.split('/').nth(2).unwrap_or_default()
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn responses(route: &Route) -> Value {
    let mut responses = Map::new();
    responses.insert("200".into(), success(route));
    for status in route.statuses {
        responses.insert(status.to_string(), other(route, *status));
    }
    responses.insert("400".into(), text("The request is malformed; the text says how."));
    responses.insert("405".into(), text("The endpoint has other methods, listed in `Allow`."));
    if route.body != Payload::Nothing {
        responses.insert("408".into(), text("The body did not come in time."));
        responses.insert("413".into(), text("The body is too large; the text says how large it may be."));
    }
    responses.insert("500".into(), text("The request was refused or failed; the text says why."));
    responses.sort_keys();
    Value::Object(responses)
}

fn text(description: &str) -> Value {
    json!({"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}})
}

fn success(route: &Route) -> Value {
    let mut response = json!({"description": "Done."});
    if let Some(content) = content(route) {
        response["content"] = content;
    }
    let blocks = route.options == Options::Blocking;
    if blocks && matches!(route.run, Run::Read(_)) {
        response["headers"] = json!({
            "X-Consul-Index": {"schema": {"type": "integer", "minimum": 1}},
            "X-Consul-KnownLeader": {"schema": {"type": "boolean"}},
            "X-Consul-LastContact": {"schema": {"type": "integer", "minimum": 0}},
            "X-Consul-Effective-Consistency": {"schema": {"enum": ["leader", "consistent", "stale"]}},
        });
    } else if blocks {
        response["headers"] = json!({"X-Consul-Index": {"schema": {"type": "integer", "minimum": 1}}});
    }
    response
}

fn content(route: &Route) -> Option<Value> {
    match route.answer {
        Shape::Empty => None,
        Shape::Json(schema) => Some(json!({"application/json": {"schema": reference(schema)}})),
        Shape::Bytes(content_type) => Some(binary(content_type)),
        Shape::JsonOr(schema, other) => Some(json!({
            "application/json": {"schema": reference(schema)},
            other: {"schema": {"type": "string"}},
        })),
    }
}

/// Statuses beside 200: those of a verdict carry what 200 carries.
fn other(route: &Route, status: u16) -> Value {
    let is_verdict = route.statuses.contains(&503);
    if is_verdict && matches!(route.answer, Shape::JsonOr(_, "text/plain")) {
        return json!({"description": "The verdict is not `passing`.", "content": content(route)});
    }
    if status == 409 || status == 429 {
        return json!({"description": "It is as the body says.", "content": content(route)});
    }
    text(match status {
        403 => "Only clients on this machine may ask.",
        404 => "There is no such thing.",
        _ => "Refused.",
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_lists_exactly_the_table() {
        let document = document("1.0.0");
        let documented: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, verbs)| verbs.as_object().unwrap().keys().map(|verb| (path.clone(), verb.to_uppercase())))
            .collect();
        let table: BTreeSet<_> =
            ROUTES.iter().map(|route| (route.path.to_owned(), route.verb.as_str().to_owned())).collect();
        assert_eq!(documented, table);
        assert_eq!(table.len(), ROUTES.len(), "no row twice");
    }

    #[test]
    fn every_schema_that_is_named_exists_and_is_used() {
        let known: BTreeSet<String> = schemas().as_object().unwrap().keys().cloned().collect();
        let mut named = BTreeSet::new();
        collect_references(&document("1.0.0"), &mut named);
        assert_eq!(named, known);
    }

    #[test]
    fn operation_ids_are_unique() {
        let ids: BTreeSet<_> = ROUTES.iter().map(operation_id).collect();
        assert_eq!(ids.len(), ROUTES.len());
    }

    fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    found.insert(reference.rsplit('/').next().unwrap().to_owned());
                }
                fields.values().for_each(|inner| collect_references(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| collect_references(inner, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
