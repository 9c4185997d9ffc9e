//! Parameters: those in the path, the endpoint's own, and the query options.

use serde_json::{Value, json};

use crate::route::{Form, Options, Param, Route};

const DURATION: &str = r"^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$";

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
    json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "minLength": 1}})
}

fn options(route: &Route) -> Vec<Param> {
    const fn param(name: &'static str, form: Form, about: &'static str) -> Param {
        Param { name, form, about }
    }
    let mut options = vec![param("pretty", Form::Flag, "Indent the answer.")];
    if route.options != Options::Agent {
        options.extend([
            param("dc", Form::Text, "The datacenter; this one where it is not given."),
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
        Form::Text => (false, json!({"type": "string"})),
        Form::Required => (true, json!({"type": "string", "minLength": 1})),
        Form::Texts => (false, json!({"type": "array", "items": {"type": "string"}})),
        Form::RequiredTexts => {
            (true, json!({"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}))
        }
        Form::Flag => (false, json!({"enum": [""]})),
        Form::Bool => (false, json!({"enum": ["", "true", "false", "1", "0"]})),
        Form::RequiredBool => (true, json!({"enum": ["true", "false", "1", "0"]})),
        Form::OneOf(values) => (false, json!({"enum": values})),
        Form::RequiredOneOf(values) => (true, json!({"enum": values})),
        Form::Number => (false, json!({"type": "integer", "minimum": 0})),
        Form::Duration => (false, json!({"type": "string", "pattern": DURATION})),
    };
    let mut parameter =
        json!({"name": param.name, "in": "query", "description": param.about, "required": required, "schema": schema});
    if param.form == Form::Flag || param.form == Form::Bool {
        parameter["allowEmptyValue"] = true.into();
    }
    parameter
}
