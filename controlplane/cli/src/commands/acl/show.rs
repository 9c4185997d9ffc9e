//! What is printed of tokens, policies, roles, auth methods and binding rules.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::failure::{DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// How a command prints such a thing.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Look {
    #[command(flatten)]
    format: FormatFlag,
    /// Show the hash and the indexes as well
    // No switch: the flag of this name that other commands have takes a value.
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value_t = false,
        default_missing_value = "true", action = clap::ArgAction::Set)]
    meta: bool,
}

/// What is shown with `--meta` alone.
const META: [(&str, &str); 3] = [("Hash", "Hash"), ("Create Index", "CreateIndex"), ("Modify Index", "ModifyIndex")];

/// Prints one thing, or a list with this for each.
pub(super) fn print(look: Look, answer: &Value, show: impl Fn(&Value) -> String) -> Outcome {
    let show = |thing: &Value| show(&prepared(thing, look.meta));
    match (look.format.format, answer) {
        (Format::Json, _) => output::print_json(answer)?,
        (Format::Pretty, Value::Array(rows)) => {
            output::print(&rows.iter().map(show).collect::<Vec<_>>().join("\n"))?;
        }
        (Format::Pretty, one) => output::print(&show(one))?,
    }
    Ok(DONE)
}

/// Prints a list whose things are known by name: the name, and the rest below it.
pub(super) fn print_named(look: Look, answer: &Value, show: impl Fn(&Value) -> String) -> Outcome {
    let (Format::Pretty, Value::Array(rows)) = (look.format.format, answer) else {
        return print(look, answer, show);
    };
    let row = |thing: &Value| {
        let text = show(&prepared(thing, look.meta));
        let below = text.lines().filter(|line| !line.starts_with("Name:")).map(|line| format!("   {line}\n"));
        format!("{}:\n{}", self::text(&thing["Name"]), below.collect::<String>())
    };
    output::print(&rows.iter().map(row).collect::<String>())?;
    Ok(DONE)
}

/// The thing with its hash in hexadecimal, or without what only `--meta` shows.
fn prepared(thing: &Value, meta: bool) -> Value {
    let mut thing = thing.clone();
    let Some(fields) = thing.as_object_mut() else { return thing };
    if !meta {
        fields.retain(|field, _| META.iter().all(|(_, hidden)| field != hidden));
    } else if let Some(hash) = fields.get("Hash").and_then(|hash| STANDARD.decode(hash.as_str()?).ok()) {
        let hash = hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        fields.insert("Hash".to_owned(), hash.into());
    }
    thing
}

fn with_meta<'a>(pairs: &mut Vec<(&'a str, &'a Value)>, thing: &'a Value) {
    pairs.extend(META.iter().filter_map(|(name, field)| Some((*name, thing.get(field)?))));
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// Lines of names and values, as wide as asked for.
fn lines(width: usize, pairs: &[(&str, &Value)]) -> String {
    let line = |(name, value): &(&str, &Value)| {
        let line = format!("{:width$}{}", format!("{name}:"), text(value));
        format!("{}\n", line.trim_end())
    };
    pairs.iter().map(line).collect()
}

fn list(out: &mut String, heading: &str, items: &Value, show: impl Fn(&Value) -> String) {
    let Some(items) = items.as_array().filter(|items| !items.is_empty()) else { return };
    // Writing into a String does not fail.
    let _ = writeln!(out, "{heading}:");
    for item in items {
        let _ = writeln!(out, "   {}", show(item));
    }
}

fn grants(out: &mut String, value: &Value) {
    let link = |link: &Value| format!("{} - {}", text(&link["ID"]), text(&link["Name"]));
    list(out, "Policies", &value["Policies"], link);
    list(out, "Roles", &value["Roles"], link);
    list(out, "Service Identities", &value["ServiceIdentities"], |identity| {
        let places = identity["Datacenters"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let places = if places.is_empty() { "all".to_owned() } else { places.join(", ") };
        format!("{} (Datacenters: {places})", text(&identity["ServiceName"]))
    });
    list(out, "Node Identities", &value["NodeIdentities"], |identity| {
        format!("{} (Datacenter: {})", text(&identity["NodeName"]), text(&identity["Datacenter"]))
    });
    list(out, "Templated Policies", &value["TemplatedPolicies"], |policy| {
        match policy["TemplateVariables"]["Name"].as_str() {
            Some(name) => format!("{} (name: {name})", text(&policy["TemplateName"])),
            None => text(&policy["TemplateName"]),
        }
    });
}

pub(super) fn token(token: &Value) -> String {
    let mut pairs = vec![("AccessorID", &token["AccessorID"])];
    let optional = |pairs: &mut Vec<_>, name: &'static str, field: &str| {
        if token.get(field).is_some() {
            pairs.push((name, &token[field]));
        }
    };
    optional(&mut pairs, "SecretID", "SecretID");
    pairs.extend([("Description", &token["Description"]), ("Local", &token["Local"])]);
    optional(&mut pairs, "Auth Method", "AuthMethod");
    pairs.push(("Create Time", &token["CreateTime"]));
    optional(&mut pairs, "Expiration Time", "ExpirationTime");
    with_meta(&mut pairs, token);
    let mut out = lines(18, &pairs);
    grants(&mut out, token);
    out
}

pub(super) fn policy(policy: &Value) -> String {
    let places = policy["Datacenters"].as_array().into_iter().flatten().map(text).collect::<Vec<_>>().join(", ");
    let places = Value::String(places);
    let mut pairs = vec![
        ("ID", &policy["ID"]),
        ("Name", &policy["Name"]),
        ("Description", &policy["Description"]),
        ("Datacenters", &places),
    ];
    with_meta(&mut pairs, policy);
    let mut out = lines(14, &pairs);
    if let Some(rules) = policy["Rules"].as_str() {
        let _ = writeln!(out, "Rules:\n{}", rules.trim_end());
    }
    out
}

pub(super) fn role(role: &Value) -> String {
    let mut pairs = vec![("ID", &role["ID"]), ("Name", &role["Name"]), ("Description", &role["Description"])];
    with_meta(&mut pairs, role);
    let mut out = lines(14, &pairs);
    grants(&mut out, role);
    out
}

pub(super) fn auth_method(method: &Value) -> String {
    let mut pairs = vec![("Name", &method["Name"]), ("Type", &method["Type"])];
    for (name, field) in
        [("DisplayName", "DisplayName"), ("MaxTokenTTL", "MaxTokenTTL"), ("TokenLocality", "TokenLocality")]
    {
        if method.get(field).is_some() {
            pairs.push((name, &method[field]));
        }
    }
    pairs.push(("Description", &method["Description"]));
    with_meta(&mut pairs, method);
    let mut out = lines(15, &pairs);
    if let Some(config) = method.get("Config") {
        let _ = writeln!(out, "Config:\n{}", output::json_text(config, "  "));
    }
    out
}

pub(super) fn binding_rule(rule: &Value) -> String {
    let fields = ["ID", "AuthMethod", "Description", "BindType", "BindName", "Selector"];
    let mut pairs = fields.map(|field| (field, &rule[field])).to_vec();
    with_meta(&mut pairs, rule);
    lines(14, &pairs)
}
