//! The history in Jepsen's EDN, so that Elle or Knossos can be asked as outside judges.

use std::fmt::Write as _;

use serde_json::Value;

use super::op::{Op, Outcome};

/// The operations as a vector of Jepsen maps, invocations and completions in time order.
#[must_use]
pub fn to_edn(ops: &[Op]) -> String {
    let mut lines: Vec<(u64, u8, String)> = Vec::with_capacity(ops.len() * 2);
    for op in ops {
        lines.push((op.invoke_ns, 1, line(op, "invoke", &op.input, op.invoke_ns)));
        let end = op.return_ns.unwrap_or(u64::MAX);
        let (kind, value) = match &op.outcome {
            Outcome::Ok(value) => ("ok", value),
            Outcome::Fail(_) => ("fail", &op.input),
            Outcome::Info(_) => ("info", &op.input),
        };
        lines.push((end, 0, line(op, kind, value, end)));
    }
    lines.sort_by_key(|(ns, order, _)| (*ns, *order));
    let mut out = String::from("[");
    for (at, (_, _, line)) in lines.iter().enumerate() {
        let _ = write!(out, "{}{{:index {at}, {line}", if at == 0 { "" } else { "\n " });
    }
    out.push_str("]\n");
    out
}

fn line(op: &Op, kind: &str, value: &Value, ns: u64) -> String {
    let time = i64::try_from(ns).unwrap_or(i64::MAX);
    let call = op.kind.replace('.', "/");
    format!(
        ":type :{kind}, :process {}, :f :{call}, :key {}, :value {}, :time {time}}}",
        op.process,
        Value::from(op.key.as_str()),
        edn(value)
    )
}

/// JSON's values as EDN: `null` is `nil`, objects are maps with text keys.
fn edn(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(edn).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let fields: Vec<String> =
                map.iter().map(|(key, value)| format!("{} {}", Value::from(key.as_str()), edn(value))).collect();
            format!("{{{}}}", fields.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_lines_an_operation_in_time_order() {
        let op = Op {
            index: 0,
            process: 3,
            kind: "append.txn".to_owned(),
            key: "a".to_owned(),
            input: json!([["r", 1, null]]),
            invoke_ns: 5,
            return_ns: Some(9),
            outcome: Outcome::Ok(json!([["r", 1, [1, 2]]])),
            server: "s1".to_owned(),
            term: None,
            log_index: None,
        };
        let edn = to_edn(&[op]);
        assert_eq!(
            edn,
            "[{:index 0, :type :invoke, :process 3, :f :append/txn, :key \"a\", :value [[\"r\" 1 nil]], :time 5}\n \
             {:index 1, :type :ok, :process 3, :f :append/txn, :key \"a\", :value [[\"r\" 1 [1 2]]], :time 9}]\n"
        );
    }
}
