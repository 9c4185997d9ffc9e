//! `/v1/agent/host`: the machine below the agent, as far as `/proc` tells it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::processor::processors;
use crate::answer::{Answer, Outcome};
use crate::call::Call;

/// The file system that is told of, as Consul does.
const ROOT: &str = "/";

/// Memory, processors, the operating system and the disk.
pub(crate) async fn host(_: Call) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let uptime = read("/proc/uptime").await;
    Ok(Answer::json(json!({
        "Memory": memory(&read("/proc/meminfo").await),
        "CPU": processors(&read("/proc/cpuinfo").await),
        "Host": {
            "hostname": read("/proc/sys/kernel/hostname").await.trim(),
            "os": std::env::consts::OS,
            "kernelArch": std::env::consts::ARCH,
            "kernelVersion": read("/proc/sys/kernel/osrelease").await.trim(),
            "uptime": uptime.split('.').next().and_then(|seconds| seconds.parse::<u64>().ok()).unwrap_or(0),
        },
        "Disk": disk(ROOT),
        "CollectionTime": u64::try_from(now.as_nanos()).unwrap_or(0),
        "Errors": Value::Null,
    })))
}

/// The file system at a path; null where it does not tell.
// A `statvfs` of a mounted disk answers from memory.
fn disk(path: &str) -> Value {
    let Ok(found) = rustix::fs::statvfs(path) else { return Value::Null };
    let (total, free) = (found.f_blocks.saturating_mul(found.f_frsize), found.f_bavail.saturating_mul(found.f_frsize));
    let used = found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(found.f_frsize);
    let inodes_used = found.f_files.saturating_sub(found.f_ffree);
    json!({
        "path": path,
        "total": total,
        "free": free,
        "used": used,
        "usedPercent": percent(used, used.saturating_add(free)),
        "inodesTotal": found.f_files,
        "inodesUsed": inodes_used,
        "inodesFree": found.f_ffree,
        "inodesUsedPercent": percent(inodes_used, found.f_files),
    })
}

// Sizes of disks are far from where this loses anything.
#[allow(clippy::cast_precision_loss)]
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
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
