//! `service-router`: which requests to a service go where. Routes are tried in their order.

use serde::{Deserialize, Serialize};

use super::Entry;
use super::shared::{
    HeaderModifiers, is_default, validate_methods, validate_name, validate_regex, validate_retry_on, validate_tenancy,
};
use crate::catalog::Meta;
use crate::faults::Faults;
use crate::time::GoDuration;

/// The `service-router` config entry.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ServiceRouter {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Route>,
    #[serde(skip_serializing_if = "Meta::is_empty")]
    pub meta: Meta,
}

/// What fits goes to the destination.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Route {
    #[serde(rename = "Match", skip_serializing_if = "Option::is_none")]
    pub criteria: Option<RouteMatch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<RouteDestination>,
}

/// Which requests are meant.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteMatch {
    #[serde(rename = "HTTP", skip_serializing_if = "Option::is_none")]
    pub http: Option<RouteHttpMatch>,
}

/// Criteria of requests; all must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteHttpMatch {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_regex: String,
    #[serde(skip_serializing_if = "is_default")]
    pub case_insensitive: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<RouteHeader>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query_param: Vec<RouteQueryParam>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

/// A header and how it must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteHeader {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub present: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub regex: String,
    #[serde(skip_serializing_if = "is_default")]
    pub invert: bool,
}

/// A query parameter and how it must be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteQueryParam {
    pub name: String,
    #[serde(skip_serializing_if = "is_default")]
    pub present: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub regex: String,
}

/// Where requests go, and how often they are tried.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RouteDestination {
    /// Empty: the router's own.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub service_subset: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub partition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix_rewrite: String,
    #[serde(skip_serializing_if = "is_default")]
    pub request_timeout: GoDuration,
    #[serde(skip_serializing_if = "is_default")]
    pub idle_timeout: GoDuration,
    #[serde(skip_serializing_if = "is_default")]
    pub num_retries: u32,
    #[serde(skip_serializing_if = "is_default")]
    pub retry_on_connect_failure: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry_on: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retry_on_status_codes: Vec<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<HeaderModifiers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<HeaderModifiers>,
}

impl Entry for ServiceRouter {
    fn name(&self) -> &str {
        &self.name
    }

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn normalize(&mut self) {
        for route in &mut self.routes {
            let http = route.criteria.as_mut().and_then(|criteria| criteria.http.as_mut());
            for method in http.into_iter().flat_map(|http| &mut http.methods) {
                method.make_ascii_uppercase();
            }
        }
    }

    fn validate(&self, faults: &mut Faults) {
        validate_name(&self.name, faults);
        for (position, route) in self.routes.iter().enumerate() {
            let place = format!("Route[{position}]");
            let http = route.criteria.as_ref().and_then(|criteria| criteria.http.as_ref());
            if let Some(http) = http {
                http.validate(&place, faults);
            }
            if let Some(destination) = &route.destination {
                let has_prefix = http.is_some_and(|http| !http.path_exact.is_empty() || !http.path_prefix.is_empty());
                destination.validate(&place, has_prefix, faults);
            }
        }
    }
}

impl RouteHttpMatch {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let paths = [&self.path_exact, &self.path_prefix, &self.path_regex];
        if paths.iter().filter(|path| !path.is_empty()).count() > 1 {
            faults.add(place, "should only contain at most one of PathExact, PathPrefix, or PathRegex");
        }
        for (field, path) in [("PathExact", &self.path_exact), ("PathPrefix", &self.path_prefix)] {
            if !path.is_empty() && !path.starts_with('/') {
                faults.add(place, format!("{field} doesn't start with '/': {path:?}"));
            }
        }
        validate_regex(&format!("{place} PathRegex"), &self.path_regex, faults);
        for (position, header) in self.header.iter().enumerate() {
            header.validate(&format!("{place} Header[{position}]"), faults);
        }
        for (position, param) in self.query_param.iter().enumerate() {
            param.validate(&format!("{place} QueryParam[{position}]"), faults);
        }
        validate_methods(place, &self.methods, faults);
    }
}

impl RouteHeader {
    fn validate(&self, place: &str, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.add(place, "missing required Name field");
        }
        let texts = [&self.exact, &self.prefix, &self.suffix, &self.regex];
        match texts.iter().filter(|text| !text.is_empty()).count() + usize::from(self.present) {
            0 => faults.add(place, "should contain one of Present, Exact, Prefix, Suffix, or Regex"),
            1 => {}
            _ => faults.add(place, "should only contain one of Present, Exact, Prefix, Suffix, or Regex"),
        }
        validate_regex(&format!("{place} Regex"), &self.regex, faults);
    }
}

impl RouteQueryParam {
    fn validate(&self, place: &str, faults: &mut Faults) {
        if self.name.is_empty() {
            faults.add(place, "missing required Name field");
        }
        let texts = [&self.exact, &self.regex];
        match texts.iter().filter(|text| !text.is_empty()).count() + usize::from(self.present) {
            0 => faults.add(place, "should contain one of Present, Exact, or Regex"),
            1 => {}
            _ => faults.add(place, "should only contain one of Present, Exact, or Regex"),
        }
        validate_regex(&format!("{place} Regex"), &self.regex, faults);
    }
}

impl RouteDestination {
    fn validate(&self, place: &str, has_prefix: bool, faults: &mut Faults) {
        if !self.prefix_rewrite.is_empty() && !has_prefix {
            faults.add(place, "cannot make use of PrefixRewrite without configuring either PathExact or PathPrefix");
        }
        validate_tenancy(place, &self.namespace, &self.partition, faults);
        validate_retry_on(place, &self.retry_on, faults);
        for code in self.retry_on_status_codes.iter().filter(|code| !(100..600).contains(*code)) {
            faults.add(format!("{place}.RetryOnStatusCodes"), format!("{code} is no HTTP status"));
        }
    }
}
