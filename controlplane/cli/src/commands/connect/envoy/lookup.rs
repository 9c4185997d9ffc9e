//! What the agent knows about a proxy and about itself.

use serde_json::{Map, Value};

use crate::bootstrap::Proxy;
use crate::client::{Client, ClientError, segment};
use crate::failure::{Context, Failure};

/// The ID of the one proxy that is the sidecar of a service instance.
pub(super) async fn sidecar_of(client: &Client, service: &str) -> Result<String, Failure> {
    let doing = format!("Failed looking up sidecar proxy info for {service}");
    let services = client.get("/v1/agent/services").fetch().await.context(doing)?;
    match sidecars(&services, service).as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::new(format!(
            "No sidecar proxy registered for {service}\n    \
             Register it with connect {{ sidecar_service {{}} }} in the service's definition."
        ))),
        several => Err(Failure::new(format!(
            "More than one sidecar proxy registered for {service}.\n    \
             Start proxy with -proxy-id and one of the following IDs: {}",
            several.join(", ")
        ))),
    }
}

/// A proxy says which instance it stands in front of by its ID.
fn sidecars(services: &Value, service: &str) -> Vec<String> {
    let of_service = |candidate: &Value| {
        candidate["Kind"] == "connect-proxy" && candidate["Proxy"]["DestinationServiceID"] == service
    };
    let services = services.as_object().into_iter().flatten();
    let mut ids: Vec<_> = services.filter(|(_, candidate)| of_service(candidate)).map(|(id, _)| id.clone()).collect();
    ids.sort();
    ids
}

/// What the agent says of itself.
pub(super) async fn agent(client: &Client) -> Result<Value, Failure> {
    match client.get("/v1/agent/self").fetch().await {
        // The token of a sidecar may not ask for that; what is usual has to do.
        Err(ClientError::Status { status: http::StatusCode::FORBIDDEN, .. }) => Ok(Value::Null),
        outcome => outcome.context("failed to ask the agent about itself"),
    }
}

/// The proxy, with the config that is left to the proxy-defaults if `central`.
pub(super) async fn proxy(client: &Client, id: &str, agent: &Value, central: bool) -> Result<Proxy, Failure> {
    let found = client.get(format!("/v1/agent/service/{}", segment(id))).fetch().await;
    let found = found.context("failed fetch proxy config from local agent")?;
    if found["Kind"] != "connect-proxy" {
        return Err(Failure::new("service is not a Connect proxy or gateway"));
    }
    let own = &found["Proxy"];
    let defaults = if central { proxy_defaults(client).await? } else { Map::new() };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(Proxy {
        id: id.to_owned(),
        service: text(&own["DestinationServiceName"]),
        node: text(&agent["Config"]["NodeName"]),
        datacenter: text(&agent["Config"]["Datacenter"]),
        config: defaults.into_iter().chain(own["Config"].as_object().cloned().unwrap_or_default()).collect(),
    })
}

async fn proxy_defaults(client: &Client) -> Result<Map<String, Value>, Failure> {
    let entry = client.get("/v1/config/proxy-defaults/global").fetch_optional().await;
    let entry = entry.context("failed to read the proxy-defaults (--no-central-config goes without them)")?;
    Ok(entry.and_then(|entry| entry["Config"].as_object().cloned()).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sidecars_are_found_by_the_instance_they_name() {
        let proxy = |of: &str| json!({"Kind": "connect-proxy", "Proxy": {"DestinationServiceID": of}});
        let services = json!({"web": {"Kind": ""}, "b": proxy("web"), "a": proxy("web"), "c": proxy("api")});
        assert_eq!(sidecars(&services, "web"), ["a", "b"]);
        assert!(sidecars(&services, "other").is_empty());
    }
}
