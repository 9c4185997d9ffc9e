//! Configuration files: JSON, HCL or TOML by their ending; a directory stands for its files by name.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use weft_model::{Faults, hcl};

use super::FileFormat;
use super::json;
use super::keys::{Origin, Settings};

/// Nobody writes longer ones. Who names a device by mistake is told so.
const BYTES_MAX: u64 = 64 << 20;

/// So much of a line is told where something is wrong in it.
const LINE_MAX: usize = 160;

/// What reads a kind of file.
type Parse = fn(&str) -> Result<Value, String>;

const KINDS: &[(&str, FileFormat)] =
    &[("json", FileFormat::Json), ("hcl", FileFormat::Hcl), ("toml", FileFormat::Toml)];

fn parser(format: FileFormat) -> Parse {
    match format {
        FileFormat::Json => json::parse,
        FileFormat::Hcl => |text| hcl::parse(text).map(Value::Object).map_err(|error| error.to_string()),
        FileFormat::Toml => |text| toml::from_str(text).map_err(|error| error.to_string()),
    }
}

/// All settings, in the order in which they are read.
pub(super) fn read_all(paths: &[PathBuf], format: Option<FileFormat>, faults: &mut Faults) -> Vec<Settings> {
    let mut files = Vec::new();
    for path in paths {
        match expand(path, format) {
            Ok(found) => files.extend(found),
            Err(error) => faults.say(format!("{}: {error}", path.display())),
        }
    }
    files.iter().filter_map(|file| read(file, format).map_err(|fault| faults.say(fault)).ok()).collect()
}

/// What the command line says in HCL.
pub(super) fn fragments(texts: &[String], faults: &mut Faults) -> Vec<Settings> {
    let parsed = texts.iter().map(|text| settings("--hcl".to_owned(), parser(FileFormat::Hcl), text));
    parsed.filter_map(|settings| settings.map_err(|fault| faults.say(fault)).ok()).collect()
}

/// A file itself, or the files of a directory that have a known ending, or all where the format is given.
fn expand(path: &Path, format: Option<FileFormat>) -> std::io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(|file| (format.is_some() || kind(file).is_some()) && !is_something_else(file));
    files.sort();
    Ok(files)
}

/// A directory, or what nobody may ever write to: a pipe, a device. What cannot be looked at is told when it is read.
fn is_something_else(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| !found.is_file())
}

fn read(file: &Path, format: Option<FileFormat>) -> Result<Settings, String> {
    let name = file.display().to_string();
    let given = format.map(parser);
    let parse = given
        .or_else(|| kind(file))
        .ok_or_else(|| format!("{name}: a configuration file ends in .json, .hcl or .toml"))?;
    let bytes = bounded(file).map_err(|error| format!("{name}: {error}"))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(format!("{name}: a configuration file has at most {} MiB", BYTES_MAX >> 20));
    }
    let text = str::from_utf8(&bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        format!("{name}: line {line} is not UTF-8")
    })?;
    // Some editors write a mark before the text.
    settings(name, parse, text.strip_prefix('\u{feff}').unwrap_or(text))
}

fn bounded(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn settings(name: String, parse: Parse, text: &str) -> Result<Settings, String> {
    match parse(text).map_err(|error| format!("{name}: {}", shortened(&error)))? {
        Value::Object(values) => Ok(Settings { origin: Origin::File(name), values }),
        Value::Null => Ok(Settings { origin: Origin::File(name), values: Map::new() }),
        Value::Array(_) | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err(format!("{name}: expected keys and values at the top"))
        }
    }
}

/// Some show the line that is wrong, however long it is.
fn shortened(error: &str) -> String {
    let line = |line: &str| match line.char_indices().nth(LINE_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    };
    error.trim_end().lines().map(line).collect::<Vec<_>>().join("\n")
}

fn kind(file: &Path) -> Option<Parse> {
    let ending = file.extension()?.to_str()?;
    KINDS.iter().find(|(known, _)| *known == ending).map(|(_, format)| parser(*format))
}
