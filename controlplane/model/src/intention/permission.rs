//! Permissions: what one intention says about single requests.

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::Action;
use crate::faults::Faults;

/// One entry of `Permissions`: the first that matches a request decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Permission {
    /// `None` only before validation.
    pub action: Option<Action>,
    #[serde(rename = "HTTP", skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpPermission>,
}

impl Permission {
    /// Notes what is wrong, below `place`.
    pub(crate) fn validate(&self, place: &str, faults: &mut Faults) {
        if self.action.is_none() {
            faults.add(format!("{place}.Action"), "must be set to 'allow' or 'deny'");
        }
        match &self.http {
            Some(http) if *http != HttpPermission::default() => http.validate(&format!("{place}.HTTP"), faults),
            _ => faults.add(format!("{place}.HTTP"), "should not be empty"),
        }
    }
}

/// What a permission matches: at most one path form, and all headers, and one of the methods.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HttpPermission {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path_regex: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<HeaderPermission>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
}

impl HttpPermission {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let paths = [&self.path_exact, &self.path_prefix, &self.path_regex];
        if paths.iter().filter(|path| !path.is_empty()).count() > 1 {
            faults.add(place, "should only contain at most one of PathExact, PathPrefix, or PathRegex");
        }
        for (field, path) in [("PathExact", &self.path_exact), ("PathPrefix", &self.path_prefix)] {
            if !path.is_empty() && !path.starts_with('/') {
                faults.add(format!("{place}.{field}"), format!("doesn't start with '/': {path:?}"));
            }
        }
        validate_regex(&format!("{place}.PathRegex"), &self.path_regex, faults);
        for (position, header) in self.header.iter().enumerate() {
            header.validate(&format!("{place}.Header[{position}]"), faults);
        }
        for (position, method) in self.methods.iter().enumerate() {
            if method.is_empty() || !method.bytes().all(|b| b.is_ascii_alphabetic() || b == b'-') {
                faults.add(format!("{place}.Methods[{position}]"), format!("{method:?} is not a valid HTTP method"));
            }
            if self.methods[..position].contains(method) {
                faults.add(format!("{place}.Methods"), format!("contains {method:?} more than once"));
            }
        }
    }
}

/// One header condition; exactly one of the forms is set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeaderPermission {
    pub name: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub present: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub exact: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub suffix: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub contains: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub regex: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub invert: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ignore_case: bool,
}

impl HeaderPermission {
    fn validate(&self, place: &str, faults: &mut Faults) {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&b);
        if self.name.is_empty() {
            faults.add(format!("{place}.Name"), "is required");
        } else if !self.name.bytes().all(token) {
            faults.add(format!("{place}.Name"), format!("{:?} is not a valid header name", self.name));
        }
        let texts = [&self.exact, &self.prefix, &self.suffix, &self.contains, &self.regex];
        let set = texts.iter().filter(|text| !text.is_empty()).count() + usize::from(self.present);
        if set != 1 {
            faults.add(place, "should contain exactly one of Present, Exact, Prefix, Suffix, Contains, or Regex");
        }
        if self.ignore_case && (self.present || !self.regex.is_empty()) {
            faults.add(format!("{place}.IgnoreCase"), "should only be set with Exact, Prefix, Suffix, or Contains");
        }
        validate_regex(&format!("{place}.Regex"), &self.regex, faults);
    }
}

fn validate_regex(place: &str, pattern: &str, faults: &mut Faults) {
    const LONGEST: usize = 1024;
    if pattern.len() > LONGEST {
        faults.add(place, format!("is longer than {LONGEST} bytes"));
    } else if let Err(error) = Regex::new(pattern) {
        let reason = error.to_string();
        faults.add(
            place,
            format!("is not a valid regular expression: {}", reason.lines().last().unwrap_or_default().trim()),
        );
    }
}
