//! Parameters: those in the path, the endpoint's own, and the query options.

use serde_json::{Value, json};

use crate::route::{Form, Options, Param, Route, Verb};

/// No URL holds a zero byte.
const TEXT: &str = r"^[^\u0000]*$";
const DURATION: &str = r"^([0-9]{1,5}(\.[0-9]{1,5})?(ns|us|µs|ms|s|m|h)){1,3}$";

pub(super) fn of(route: &Route) -> Vec<Value> {
    let mut parameters: Vec<Value> = in_path(route.path).map(path_parameter).collect();
    parameters.extend(route.params.iter().map(query_parameter));
    parameters.extend(options(route).iter().map(query_parameter));
    parameters
}

fn in_path(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "intention_id" | "session_id" | "query_id" => json!({"type": "string", "format": "uuid"}),
        "kind" => json!({"$ref": "#/components/schemas/ConfigKind"}),
        _ => json!({"type": "string", "minLength": 1, "pattern": TEXT}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

fn options(route: &Route) -> Vec<Param> {
    const fn param(name: &'static str, form: Form, about: &'static str) -> Param {
        Param { name, form, about }
    }
    let mut options = vec![param("pretty", Form::Flag, "Indent the answer.")];
    if route.options != Options::Agent {
        options.push(param("dc", Form::Text, "The datacenter; this one where it is not given."));
    }
    if route.options != Options::Agent && route.verb == Verb::Get {
        options.extend([
            param("stale", Form::Flag, "Any server may answer."),
            param("consistent", Form::Flag, "The leader asks a quorum first. Not together with `stale`."),
        ]);
    }
    if route.options == Options::Blocking {
        options.extend([
            param("index", Form::Number, "Wait until the answer is newer than this."),
            param("wait", Form::Duration, "How long to wait; 5m where it is not given, 10m at most."),
            param("max_stale", Form::Duration, "Any server may answer that is at most this far behind."),
        ]);
    }
    if route.cacheable {
        options.push(param("cached", Form::Flag, "The agent's cache may answer. Not together with `consistent`."));
    }
    options
}

fn query_parameter(param: &Param) -> Value {
    let (required, schema) = match param.form {
        Form::Text => (false, json!({"type": "string", "pattern": TEXT})),
        Form::Required => (true, json!({"type": "string", "minLength": 1, "pattern": TEXT})),
        Form::Texts => (false, json!({"type": "array", "items": {"type": "string", "pattern": TEXT}})),
        Form::RequiredTexts => (
            true,
            json!({"type": "array", "items": {"type": "string", "minLength": 1, "pattern": TEXT}, "minItems": 1}),
        ),
        // Its being there counts, whatever its value.
        Form::Flag => (false, json!({"type": "string", "pattern": TEXT})),
        Form::Bool => (false, json!({"enum": ["", "true", "false", "1", "0"]})),
        Form::RequiredBool => (true, json!({"enum": ["true", "false", "1", "0"]})),
        Form::OneOf(values) => (false, json!({"enum": values})),
        Form::RequiredOneOf(values) => (true, json!({"enum": values})),
        Form::Number => (false, json!({"type": "integer", "minimum": 0})),
        Form::Integer => (false, json!({"type": "integer", "format": "int64"})),
        Form::Uuid => (false, json!({"type": "string", "format": "uuid"})),
        Form::Duration => (false, json!({"type": "string", "pattern": DURATION})),
    };
    let mut parameter =
        json!({"name": param.name, "in": "query", "description": param.about, "required": required, "schema": schema});
    if param.form == Form::Flag || param.form == Form::Bool {
        parameter["allowEmptyValue"] = true.into();
    }
    parameter
}
