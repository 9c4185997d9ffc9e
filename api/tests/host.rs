//! `/v1/agent/host`: what the machine tells of itself, with the names of Consul 1.8.7.
#![allow(clippy::unwrap_used)]

mod support;

use support::Agent;

#[tokio::test]
async fn processors_and_the_disk_are_told_in_detail() {
    let host = Agent::start().await.get("/v1/agent/host").await.json();
    let processors = host["CPU"].as_array().unwrap();
    assert!(!processors.is_empty());
    for (number, processor) in processors.iter().enumerate() {
        assert_eq!(processor["cpu"], number);
    }
    let disk = &host["Disk"];
    assert_eq!(disk["path"], "/");
    let size = |name: &str| disk[name].as_u64().unwrap();
    assert!(size("total") >= size("used") + size("free"), "what is kept for root is neither: {disk}");
    assert!(disk["usedPercent"].as_f64().unwrap() <= 100.0, "{disk}");
    assert_eq!(size("inodesTotal"), size("inodesUsed") + size("inodesFree"));
}
