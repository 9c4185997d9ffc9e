//! `http-route`: which requests to a gateway go to which services.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::api_gateway::{JwtRequirement, ResourceReference};
use super::shared::{HeaderModifiers, is_default, not_one_of, validate_name, validate_regex, validate_retry_on};
use super::tcp_route::validate_parents;
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::time::GoDuration;

/// The `http-route` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpRoute {
    pub name: String,
    pub parents: Vec<ResourceReference>,
    pub rules: Vec<HttpRouteRule>,
    pub hostnames: Vec<String>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// What fits one of the matches goes to the services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpRouteRule {
    pub filters: HttpRouteFilters,
    #[serde(skip_serializing_if = "is_default")]
    pub response_filters: HttpRouteResponseFilters,
    pub matches: Vec<HttpRouteMatch>,
    pub services: Vec<HttpRouteService>,
}

/// What is done to requests.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpRouteFilters {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderModifiers>,
    #[serde(rename = "URLRewrite", skip_serializing_if = "Option::is_none")]
    pub url_rewrite: Option<UrlRewrite>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_filter: Option<RetryFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_filter: Option<TimeoutFilter>,
    #[serde(rename = "JWT", skip_serializing_if = "Option::is_none")]
    pub jwt: Option<JwtRequirement>,
}

/// What is done to answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpRouteResponseFilters {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<HeaderModifiers>,
}

/// Another path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UrlRewrite {
    pub path: String,
}

/// When to try again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RetryFilter {
    pub num_retries: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry_on: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry_on_status_codes: Vec<u32>,
    #[serde(skip_serializing_if = "is_default")]
    pub retry_on_connect_failure: bool,
}

/// How long to wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TimeoutFilter {
    #[serde(skip_serializing_if = "is_default")]
    pub request_timeout: GoDuration,
    #[serde(skip_serializing_if = "is_default")]
    pub idle_timeout: GoDuration,
}

/// Criteria of requests; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpRouteMatch {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<NamedMatch>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub method: String,
    pub path: PathMatch,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<NamedMatch>,
}

/// How the path must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct PathMatch {
    #[serde(rename = "Match")]
    pub kind: String,
    pub value: String,
}

/// How a header or a parameter must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NamedMatch {
    #[serde(rename = "Match")]
    pub kind: String,
    pub name: String,
    pub value: String,
}

/// Where requests go.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpRouteService {
    pub name: String,
    pub weight: i64,
    #[serde(skip_serializing_if = "is_default")]
    pub filters: HttpRouteFilters,
    #[serde(skip_serializing_if = "is_default")]
    pub response_filters: HttpRouteResponseFilters,
}

const PATHS: [&str; 3] = ["exact", "prefix", "regex"];
const HEADERS: [&str; 5] = ["exact", "prefix", "suffix", "regex", "present"];
const QUERIES: [&str; 3] = ["exact", "present", "regex"];
const METHODS: [&str; 10] = ["", "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

impl Entry for HttpRoute {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        super::tcp_route::name_parents(&mut self.parents);
        for rule in &mut self.rules {
            if rule.matches.is_empty() {
                rule.matches.push(HttpRouteMatch::default());
            }
            for found in &mut rule.matches {
                found.method.make_ascii_uppercase();
                if found.path == PathMatch::default() {
                    found.path = PathMatch { kind: "prefix".into(), value: "/".into() };
                }
            }
            for service in rule.services.iter_mut().filter(|service| service.weight <= 0) {
                service.weight = 1;
            }
        }
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        validate_parents(&self.parents, faults);
        for hostname in self.hostnames.iter().filter(|hostname| hostname.is_empty() || hostname.contains('*')) {
            faults.say(format!("host {hostname:?} must not be a wildcard"));
        }
        for (position, rule) in self.rules.iter().enumerate() {
            let place = format!("Rule[{position}]");
            rule.filters.validate(&place, faults);
            for (at, found) in rule.matches.iter().enumerate() {
                found.validate(&format!("{place}, Match[{at}]"), faults);
            }
            for (at, service) in rule.services.iter().enumerate() {
                if service.name.is_empty() {
                    faults.say(format!("{place}, Service[{at}], service name is required"));
                }
                service.filters.validate(&format!("{place}, Service[{at}]"), faults);
            }
        }
    }
}

impl HttpRouteFilters {
    fn validate(&self, place: &str, faults: &mut Faults) {
        if let Some(retry) = &self.retry_filter {
            validate_retry_on(place, &retry.retry_on, faults);
        }
        if let Some(rewrite) = &self.url_rewrite
            && !rewrite.path.is_empty()
            && !rewrite.path.starts_with('/')
        {
            faults.add(format!("{place}.URLRewrite.Path"), format!("doesn't start with '/': {:?}", rewrite.path));
        }
    }
}

impl HttpRouteMatch {
    fn validate(&self, place: &str, faults: &mut Faults) {
        if !METHODS.contains(&self.method.as_str()) {
            faults.say(format!("{place} contains an invalid method {:?}", self.method));
        }
        let path = &self.path;
        if !PATHS.contains(&path.kind.as_str()) {
            faults.say(format!("{place}, Path: Match {}", not_one_of(&path.kind, &PATHS)));
        }
        if path.kind == "regex" {
            validate_regex(&format!("{place}, Path: Value"), &path.value, faults);
        } else if !path.value.starts_with('/') {
            faults.say(format!("{place}, Path: {} value doesn't start with '/': {:?}", path.kind, path.value));
        }
        for (what, list, known) in [("Headers", &self.headers, &HEADERS[..]), ("Query", &self.query, &QUERIES[..])] {
            for (position, named) in list.iter().enumerate() {
                let place = format!("{place}, {what}[{position}]");
                if named.name.is_empty() {
                    faults.say(format!("{place}, missing required Name field"));
                }
                if !known.contains(&named.kind.as_str()) {
                    faults.say(format!("{place}: Match {}", not_one_of(&named.kind, known)));
                }
                if named.kind == "regex" {
                    validate_regex(&format!("{place}: Value"), &named.value, faults);
                }
            }
        }
    }
}
