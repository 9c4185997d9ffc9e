//! `/v1/agent/host`: the machine below the agent, as far as `/proc` tells it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::answer::{Answer, Outcome};
use crate::call::Call;

/// Memory, processors and the operating system.
pub(crate) async fn host(_: Call) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let uptime = read("/proc/uptime").await;
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    Ok(Answer::json(json!({
        "Memory": memory(&read("/proc/meminfo").await),
        "CPU": (0..processors).map(|cpu| json!({"cpu": cpu})).collect::<Vec<_>>(),
        "Host": {
            "hostname": read("/proc/sys/kernel/hostname").await.trim(),
            "os": std::env::consts::OS,
            "kernelArch": std::env::consts::ARCH,
            "kernelVersion": read("/proc/sys/kernel/osrelease").await.trim(),
            "uptime": uptime.split('.').next().and_then(|seconds| seconds.parse::<u64>().ok()).unwrap_or(0),
        },
        "Disk": Value::Null,
        "CollectionTime": u64::try_from(now.as_nanos()).unwrap_or(0),
        "Errors": Value::Null,
    })))
}

/// What cannot be read is empty: the answer says what it can.
async fn read(path: &str) -> String {
    tokio::fs::read_to_string(path).await.unwrap_or_default()
}

fn memory(meminfo: &str) -> Map<String, Value> {
    let kibibytes = |name: &str| {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace().next()?.parse::<u64>().ok()
    };
    [("total", "MemTotal"), ("available", "MemAvailable"), ("free", "MemFree")]
        .into_iter()
        .filter_map(|(shown, name)| Some((shown.to_owned(), (kibibytes(name)? * 1024).into())))
        .collect()
}
