//! Thousands of services on one agent: registration, memory, restart, and what one change costs.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::ads::Client;
use crate::http::Connection;
use crate::stats::{Times, cpu, resident_mib};
use crate::target::{Kind, Target};

const INSTANCES: usize = 5;

pub(crate) async fn run(weft: &Path, short: bool) -> anyhow::Result<()> {
    let sizes: &[usize] = if short { &[100, 500] } else { &[100, 500, 2000] };
    for &services in sizes {
        let mut target = Target::start(&Kind::Weft(weft.to_owned())).await?;
        let empty = resident_mib(target.pid());
        let start = Instant::now();
        fill(&target, services).await?;
        let instances = services * INSTANCES;
        let elapsed = start.elapsed().as_secs_f64();
        println!(
            "scale  weft    {services:4} services  {instances:5} instances registered in {elapsed:6.2} s ({:6.0}/s)  {:6.2} KiB an instance",
            instances as f64 / elapsed,
            (resident_mib(target.pid()) - empty) * 1024.0 / instances as f64,
        );
        one_change(&target, services, if short { 50 } else { 400 }).await?;
        let restart = target.restart().await?;
        let mut connection = Connection::open(target.http).await?;
        let (_, kept) = connection.get("/v1/agent/services").await?;
        println!(
            "scale  weft    {services:4} services  restart {:6.2} s, {} registrations there",
            restart.as_secs_f64(),
            kept.as_object().map_or(0, serde_json::Map::len)
        );
    }
    Ok(())
}

/// Registers all instances with their sidecars, over 16 connections.
async fn fill(target: &Target, services: usize) -> anyhow::Result<()> {
    let address = target.http;
    let tasks: Vec<_> = (0..16)
        .map(|part| {
            tokio::spawn(async move {
                let mut connection = Connection::open(address).await?;
                for service in (part..services).step_by(16) {
                    for instance in 0..INSTANCES {
                        connection.put("/v1/agent/service/register", &body(service, instance, 0)).await?;
                    }
                }
                anyhow::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}

fn body(service: usize, instance: usize, round: usize) -> serde_json::Value {
    let sidecar_port = 22000 + (service * INSTANCES + instance + round * 97) % 40000;
    json!({"Name": format!("service-{service}"), "ID": format!("service-{service}-{instance}"), "Port": 8000,
        "Check": {"TTL": "1h", "Status": "passing"},
        "Connect": {"SidecarService": {"Port": sidecar_port, "Checks": [{"TTL": "1h", "Status": "passing"}]}}})
}

/// A proxy that calls every service; one instance of one of them changes. What that costs the server,
/// and what the proxy is sent.
async fn one_change(target: &Target, services: usize, rounds: usize) -> anyhow::Result<()> {
    let mut writer = Connection::open(target.http).await?;
    let upstreams: Vec<_> = (0..services)
        .map(|service| json!({"DestinationName": format!("service-{service}"), "LocalBindPort": 20000 + service}))
        .collect();
    let caller = json!({"Name": "caller", "Port": 7000, "Connect": {"SidecarService": {"Port": 19999,
        "Checks": [{"TTL": "1h", "Status": "passing"}], "Proxy": {"Upstreams": upstreams}}}});
    writer.put("/v1/agent/service/register", &caller).await?;
    let mut client = Client::open(target.grpc, "caller-sidecar-proxy").await?;
    client.settle(Duration::from_secs(3)).await?;
    let (first_resources, first_bytes) = (client.resources, client.bytes);
    let (mut times, busy) = (Vec::new(), cpu(target.pid()));
    for round in 1..=rounds {
        let service = round * 31 % services;
        let change = body(service, 0, round);
        let port = change["Connect"]["SidecarService"]["Port"].as_u64().unwrap_or_default();
        let start = Instant::now();
        writer.put("/v1/agent/service/register", &change).await?;
        times.push(client.until_port(u32::try_from(port)?).await? - start);
    }
    let busy = (cpu(target.pid()) - busy).as_micros() as f64 / rounds as f64;
    let times = Times::new(times);
    println!(
        "scale  weft    {services:4} services  one change: {:.2} resources, {:5.0} bytes, {busy:6.0} us CPU, p50 {:6.2} ms, p99 {:6.2} ms (first sync: {first_resources} resources, {first_bytes} bytes)",
        (client.resources - first_resources) as f64 / rounds as f64,
        (client.bytes - first_bytes) as f64 / rounds as f64,
        times.at(0.5),
        times.at(0.99),
    );
    Ok(())
}
