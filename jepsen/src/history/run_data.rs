//! A run's folder, loaded. All files but `config.json` and `history.jsonl` may be missing.
//!
//! ```text
//! config.json  history.jsonl  nemesis.jsonl  markers.jsonl  samples.jsonl  exits.jsonl
//! dumps/<server>.jsonl  logs/<server>.log
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::de::DeserializeOwned;

use super::band::Band;
use super::config::RunConfig;
use super::dump::{Dump, Exit, Marker, Sample};
use super::event::pair;
use super::op::Op;

/// Everything that judges look at.
#[derive(Clone, Debug, Default)]
pub struct RunData {
    pub dir: PathBuf,
    pub config: RunConfig,
    /// In the order of invocation.
    pub history: Vec<Op>,
    pub nemesis: Vec<Band>,
    /// By server, in time order.
    pub dumps: BTreeMap<String, Vec<Dump>>,
    pub samples: Vec<Sample>,
    pub exits: Vec<Exit>,
    pub markers: Vec<Marker>,
    /// Server logs by file name; judges read them line by line.
    pub logs: BTreeMap<String, PathBuf>,
}

impl RunData {
    /// Reads a run's folder.
    ///
    /// # Errors
    /// When a file is missing that must be there, or a line is no JSON of its kind. A torn last line is
    /// forgiven: the harness may have been killed.
    pub fn load(dir: &Path) -> Result<Self> {
        let config = fs::read(dir.join("config.json")).with_context(|| format!("no run in {}", dir.display()))?;
        let mut dumps = BTreeMap::new();
        for (name, path) in files(&dir.join("dumps"))? {
            let server = name.trim_end_matches(".jsonl").to_owned();
            dumps.insert(server, lines(&path)?);
        }
        Ok(Self {
            dir: dir.to_owned(),
            config: serde_json::from_slice(&config).context("config.json")?,
            history: pair(lines(&dir.join("history.jsonl"))?),
            nemesis: lines(&dir.join("nemesis.jsonl"))?,
            dumps,
            samples: lines(&dir.join("samples.jsonl"))?,
            exits: lines(&dir.join("exits.jsonl"))?,
            markers: lines(&dir.join("markers.jsonl"))?,
            logs: files(&dir.join("logs"))?,
        })
    }

    /// The operations of a workload, in the order of invocation.
    pub fn of<'a>(&'a self, workload: &'a str) -> impl Iterator<Item = &'a Op> + 'a {
        self.history.iter().filter(move |op| op.workload() == workload)
    }

    /// The last time on record.
    #[must_use]
    pub fn last_ns(&self) -> u64 {
        let ops = self.history.iter().map(|op| op.return_ns.unwrap_or(op.invoke_ns)).max();
        ops.unwrap_or_default().max(self.config.end_ns)
    }
}

fn files(dir: &Path) -> Result<BTreeMap<String, PathBuf>> {
    if !dir.is_dir() {
        return Ok(BTreeMap::new());
    }
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).with_context(|| format!("read {}", dir.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            found.insert(entry.file_name().to_string_lossy().into_owned(), entry.path());
        }
    }
    Ok(found)
}

fn lines<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = fs::File::open(path).with_context(|| format!("open {}", path.display()))?;
    let texts = BufReader::new(file).split(b'\n').collect::<Result<Vec<_>, _>>()?;
    let mut parsed = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        match serde_json::from_slice(text) {
            Ok(value) => parsed.push(value),
            Err(_) if at + 1 == texts.len() => {}
            Err(error) => return Err(error).with_context(|| format!("{}:{}", path.display(), at + 1)),
        }
    }
    Ok(parsed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::history::{Meta, Outcome, Recorder};

    #[test]
    fn a_recorded_run_loads_again_even_with_a_torn_end() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.json"), r#"{"scenario":"S1","seed":7}"#).unwrap();
        let recorder = Recorder::create(dir.path()).unwrap();
        let process = recorder.new_process();
        let op = recorder.invoke(process, "s1", "register.write", "k", json!(1));
        op.end(Outcome::Ok(json!(true)), Meta { term: None, log_index: Some(9) });
        let _lost = recorder.invoke(process, "s1", "register.write", "k", json!(2));
        let path = dir.path().join("history.jsonl");
        let mut text = fs::read_to_string(&path).unwrap();
        text.push_str("{\"event\":\"ret");
        fs::write(&path, text).unwrap();

        let run = RunData::load(dir.path()).unwrap();
        assert_eq!(run.config.seed, 7);
        assert_eq!(run.history.len(), 2);
        assert_eq!(run.history[0].log_index, Some(9));
        assert!(run.history[1].doubtful());
    }
}
