//! `weft proxies`: what each connected proxy was sent, has taken and has refused.

use serde_json::Value;

use crate::client::HttpFlags;
use crate::env::Env;
use crate::failure::{Context, DONE, Outcome};
use crate::output::{self, Format, FormatFlag};

/// Show what each connected proxy has taken and refused
///
/// "in step" is a proxy that holds all it was sent, "waiting" one that has not answered yet. A
/// refusal is shown with the proxy's own words; it keeps what it had before.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  weft proxies\n  weft proxies --detailed\n  weft proxies --format json")]
pub(crate) struct Proxies {
    /// Show every type of resource
    #[arg(long)]
    detailed: bool,
    #[command(flatten)]
    format: FormatFlag,
    #[command(flatten)]
    http: HttpFlags,
}

impl Proxies {
    pub(crate) async fn run(&self, env: &Env) -> Outcome {
        let proxies = self.http.client(env)?.get("/v1/weft/proxies").fetch().await.context("Error listing proxies")?;
        match self.format.format {
            Format::Json => output::print_json(&proxies)?,
            Format::Pretty => {
                output::print(&listing(proxies.as_array().map(Vec::as_slice).unwrap_or_default(), self.detailed))?;
            }
        }
        Ok(DONE)
    }
}

fn listing(proxies: &[Value], detailed: bool) -> String {
    if proxies.is_empty() {
        return "No proxy is connected to this agent.".to_owned();
    }
    let refusals: String = proxies.iter().flat_map(refusals).collect();
    let gap = if refusals.is_empty() { "" } else { "\n" };
    format!("{}{gap}{refusals}", if detailed { details(proxies) } else { summary(proxies) })
}

fn summary(proxies: &[Value]) -> String {
    let heading = ["Proxy", "Service", "Peer", "Protocol", "State"].map(str::to_owned);
    let rows = proxies.iter().map(|proxy| {
        let [id, service, peer, protocol] = ["node", "cluster", "peer", "protocol"].map(|key| text(&proxy[key]));
        [id, service, peer, protocol, state(proxy)]
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

fn details(proxies: &[Value]) -> String {
    let heading = ["Proxy", "Type", "Sent", "Acknowledged", "Index", "Refusals", "State"].map(str::to_owned);
    let rows = proxies.iter().flat_map(|proxy| {
        types(proxy).map(|(name, of_type)| {
            let [sent, acked] = ["sent_version", "acked_version"].map(|key| text(&of_type[key]));
            let [index, nacks] = ["acked_index", "nacks"].map(|key| of_type[key].to_string());
            [text(&proxy["node"]), name.clone(), sent, acked, index, nacks, Standing::of(of_type).word().to_owned()]
        })
    });
    output::table(&std::iter::once(heading).chain(rows).collect::<Vec<_>>())
}

/// How one type stands on one stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    InStep,
    Waiting,
    Refused,
}

impl Standing {
    fn of(of_type: &Value) -> Self {
        let refused = &of_type["last_nack"]["nonce"];
        if refused.is_string() && *refused == of_type["sent_nonce"] {
            return Self::Refused;
        }
        if of_type["sent_version"] == of_type["acked_version"] { Self::InStep } else { Self::Waiting }
    }

    fn word(self) -> &'static str {
        match self {
            Self::InStep => "in step",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
        }
    }
}

/// The worst that is to be said of any type.
fn state(proxy: &Value) -> String {
    let named = |standing: Standing| {
        let names: Vec<_> = types(proxy)
            .filter(|(_, of_type)| Standing::of(of_type) == standing)
            .map(|(name, _)| name.as_str())
            .collect();
        (!names.is_empty()).then(|| format!("{}: {}", standing.word(), names.join(", ")))
    };
    let worst: Vec<_> = [Standing::Refused, Standing::Waiting].into_iter().filter_map(named).collect();
    if worst.is_empty() { Standing::InStep.word().to_owned() } else { worst.join("; ") }
}

/// One paragraph for each type that is refused now.
fn refusals(proxy: &Value) -> Vec<String> {
    let refused = types(proxy).filter(|(_, of_type)| Standing::of(of_type) == Standing::Refused);
    refused
        .map(|(name, of_type)| {
            let nack = &of_type["last_nack"];
            let names: Vec<_> = nack["names"].as_array().into_iter().flatten().map(text).collect();
            let which = if names.is_empty() { String::new() } else { format!(" {}", names.join(", ")) };
            format!("{} refused {name}{which}:\n  {}\n", text(&proxy["node"]), text(&nack["message"]))
        })
        .collect()
}

fn types(proxy: &Value) -> impl Iterator<Item = (&String, &Value)> {
    proxy["types"].as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_is_told_with_its_reason() {
        let nack = json!({"nonce": "3", "message": "no such filter", "names": ["public_listener:0.0.0.0:21000"]});
        let proxies = [
            json!({"node": "web-sidecar-proxy", "cluster": "web", "peer": "127.0.0.1:5", "protocol": "delta", "types": {
                "cds": {"sent_version": "2", "acked_version": "2", "sent_nonce": "2", "last_nack": null},
                "lds": {"sent_version": "3", "acked_version": "1", "sent_nonce": "3", "last_nack": nack},
                "eds": {"sent_version": "3", "acked_version": "2", "sent_nonce": "4", "last_nack": null},
            }}),
            json!({"node": "api-sidecar-proxy", "cluster": "api", "peer": "127.0.0.1:6", "protocol": "delta", "types": {}}),
        ];
        let wanted = "\
Proxy              Service  Peer         Protocol  State
web-sidecar-proxy  web      127.0.0.1:5  delta     refused: lds; waiting: eds
api-sidecar-proxy  api      127.0.0.1:6  delta     in step

web-sidecar-proxy refused lds public_listener:0.0.0.0:21000:
  no such filter
";
        assert_eq!(listing(&proxies, false), wanted);
    }
}
