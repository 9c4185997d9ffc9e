//! Holds values against the schemas of the OpenAPI document. Knows the keywords that the document uses and
//! refuses others, so that no part of a schema goes unread.

use serde_json::Value;

/// What of the value does not fit the operation's schema; an undocumented status or type included.
pub(crate) fn faults(document: &Value, method: &str, path: &str, status: u16, body: Option<&Value>) -> Vec<String> {
    let Some(operation) = operation(document, method, path) else { return Vec::new() };
    let Some(response) = operation["responses"].get(status.to_string()) else {
        return vec![format!("status {status} is not documented")];
    };
    let Some(body) = body else { return Vec::new() };
    let schema = &response["content"]["application/json"]["schema"];
    if schema.is_null() {
        return vec!["a JSON answer is not documented".into()];
    }
    let mut list = Vec::new();
    check(document, schema, body, "", &mut list);
    list
}

/// The operation that serves this path.
pub(crate) fn operation<'a>(document: &'a Value, method: &str, path: &str) -> Option<&'a Value> {
    let path = path.split('?').next()?;
    let paths = document["paths"].as_object()?;
    let exact = paths.get(path);
    let templated = || paths.iter().find(|(template, _)| fits(template, path)).map(|(_, found)| found);
    exact.or_else(templated)?.get(method.to_lowercase())
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(path)
            .all(|(wanted, found)| wanted.starts_with('{') && !found.is_empty() || *wanted == found)
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str, list: &mut Vec<String>) {
    let Some(keywords) = schema.as_object() else { return list.push(format!("{place}: no schema")) };
    for (keyword, argument) in keywords {
        let holds = match keyword.as_str() {
            "$ref" => {
                let name = argument.as_str().and_then(|text| text.rsplit('/').next()).unwrap_or_default();
                check(document, &document["components"]["schemas"][name], value, place, list);
                true
            }
            "anyOf" => argument.as_array().is_some_and(|schemas| {
                schemas.iter().any(|schema| {
                    let mut inner = Vec::new();
                    check(document, schema, value, place, &mut inner);
                    inner.is_empty()
                })
            }),
            "type" => match argument {
                Value::Array(types) => types.iter().any(|wanted| is_type(value, wanted)),
                wanted => is_type(value, wanted),
            },
            "enum" => argument.as_array().is_some_and(|known| known.contains(value)),
            "const" => argument == value,
            "minimum" => value.as_f64().is_none_or(|number| argument.as_f64().is_some_and(|least| number >= least)),
            "maximum" => value.as_f64().is_none_or(|number| argument.as_f64().is_some_and(|most| number <= most)),
            "maxProperties" => {
                value.as_object().is_none_or(|fields| fields.len() as u64 <= argument.as_u64().unwrap_or(0))
            }
            "required" => argument.as_array().is_some_and(|names| {
                names.iter().all(|name| value.is_null() || value.get(name.as_str().unwrap_or_default()).is_some())
            }),
            "properties" => {
                for (name, inner) in argument.as_object().into_iter().flatten() {
                    if let Some(found) = value.get(name) {
                        check(document, inner, found, &format!("{place}.{name}"), list);
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = &schema["properties"];
                for (name, found) in
                    value.as_object().into_iter().flatten().filter(|(name, _)| known.get(name).is_none())
                {
                    match argument {
                        Value::Bool(true) => {}
                        Value::Bool(false) => list.push(format!("{place}.{name} is not documented")),
                        inner => check(document, inner, found, &format!("{place}.{name}"), list),
                    }
                }
                true
            }
            "items" => {
                for (position, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, argument, item, &format!("{place}[{position}]"), list);
                }
                true
            }
            "pattern" => value.as_str().is_none_or(|text| {
                regex::Regex::new(argument.as_str().unwrap_or_default()).is_ok_and(|pattern| pattern.is_match(text))
            }),
            // Of requests, and of texts whose form the corpus checks.
            "description" | "format" | "minLength" | "maxLength" | "minItems" | "propertyNames" => true,
            _ => return list.push(format!("{place}: the keyword {keyword} is not known to the test")),
        };
        if !holds {
            list.push(format!("{place}: {value} against {keyword} {argument}"));
        }
    }
}

fn is_type(value: &Value, wanted: &Value) -> bool {
    match wanted.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    }
}
