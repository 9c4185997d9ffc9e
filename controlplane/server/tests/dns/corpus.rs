//! The recorded questions and answers: files beside this one, each with settings of its own.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::answer::Said;
use crate::support::Client;

/// The address of the node under test, which its answers name.
pub(crate) const ADDRESS: &str = "127.0.90.10";

/// With the usual settings, and with most of them changed.
pub(crate) const FILES: [&str; 2] = ["corpus.json", "settings.json"];

#[derive(Serialize, Deserialize)]
pub(crate) struct Corpus {
    #[serde(skip)]
    file: &'static str,
    /// Settings that both understand.
    pub(crate) config: Value,
    writes: Vec<Write>,
    pub(crate) cases: Vec<Case>,
}

#[derive(Serialize, Deserialize)]
struct Write {
    /// Method and path.
    to: String,
    body: Value,
    /// Written so many times, with the number in the place of each `{n}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    times: Option<u32>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Case {
    pub(crate) ask: String,
    /// Which records are answered is left to chance, how many is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) by_count: bool,
    #[serde(default)]
    pub(crate) consul: Said,
    /// Where weft's answer is another one, with the reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) weft: Option<Said>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

impl Corpus {
    pub(crate) fn load(file: &'static str) -> Self {
        let read: Self = serde_json::from_str(&fs::read_to_string(path(file)).unwrap()).unwrap();
        Self { file, ..read }
    }

    pub(crate) fn save_if_asked(&self) {
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(path(self.file), serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
        }
    }

    pub(crate) async fn write_to(&self, client: &Client) {
        for write in &self.writes {
            let (method, path) = write.to.split_once(' ').unwrap();
            for number in 1..=write.times.unwrap_or(1) {
                let body = write.body.to_string().replace("{n}", &number.to_string());
                let answer = client.call(method, path, &body).await;
                assert_eq!(answer.status, 200, "{}: {}", write.to, answer.body);
            }
        }
    }
}

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/dns").join(file)
}
