//! `/proc/cpuinfo` with the names that Consul shows its lines under.

use serde_json::{Map, Value};

/// The processors, each by what is known of it.
pub(super) fn processors(cpuinfo: &str) -> Vec<Value> {
    let blocks = cpuinfo.split("\n\n").filter(|block| block.contains("processor"));
    blocks.map(|block| Value::Object(block.lines().filter_map(field).collect::<Map<_, _>>())).collect()
}

fn field(line: &str) -> Option<(String, Value)> {
    let (name, text) = line.split_once(':')?;
    let text = text.trim();
    let number = |text: &str| text.parse::<u64>().ok().map(Value::from);
    let (shown, value) = match name.trim() {
        "processor" => ("cpu", number(text)?),
        "vendor_id" => ("vendorId", text.into()),
        "cpu family" => ("family", text.into()),
        "model" => ("model", text.into()),
        "stepping" => ("stepping", number(text)?),
        "physical id" => ("physicalId", text.into()),
        "core id" => ("coreId", text.into()),
        "cpu cores" => ("cores", number(text)?),
        "model name" => ("modelName", text.into()),
        "cpu MHz" => ("mhz", text.parse::<f64>().ok()?.into()),
        "cache size" => ("cacheSize", number(text.trim_end_matches(" KB"))?),
        "flags" => ("flags", text.split_whitespace().collect()),
        "microcode" => ("microcode", text.into()),
        _ => return None,
    };
    Some((shown.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_block_is_a_processor_and_unknown_lines_are_left_out() {
        let one = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu MHz\t\t: 2596.138\ncache size\t: 1024 KB\nflags\t: a b\nbugs\t: x\n";
        let two = "processor\t: 1\ncpu cores\t: 2\n";
        let expected = [
            json!({"cpu": 0, "vendorId": "GenuineIntel", "mhz": 2596.138, "cacheSize": 1024, "flags": ["a", "b"]}),
            json!({"cpu": 1, "cores": 2}),
        ];
        assert_eq!(processors(&format!("{one}\n{two}\n")), expected);
        assert!(processors("").is_empty());
    }
}
