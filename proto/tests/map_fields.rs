//! Holds `src/stable/maps.txt` current with the descriptors that Envoy's types are published with.
//! `UPDATE_GOLDEN=1` writes it anew.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message;
use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, FileDescriptorSet};

const ANY: &str = "google.protobuf.Any";

#[test]
fn maps_txt_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stable/maps.txt");
    let made = table(&messages(&descriptors()));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == made, "maps.txt is old: run this test with UPDATE_GOLDEN=1");
}

/// The descriptor set inside of the published crate's sources.
fn descriptors() -> FileDescriptorSet {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "envoy-types");
    let manifest = PathBuf::from(package.unwrap()["manifest_path"].as_str().unwrap());
    let bytes = std::fs::read(manifest.with_file_name("src/generated/types.bin")).unwrap();
    FileDescriptorSet::decode(bytes.as_slice()).unwrap()
}

/// A message's fields that are messages: tag and type.
struct Fields {
    map_entry: bool,
    messages: Vec<(i32, String)>,
}

fn messages(set: &FileDescriptorSet) -> BTreeMap<String, Fields> {
    let mut all = BTreeMap::new();
    for file in &set.file {
        for message in &file.message_type {
            gather(file.package(), message, &mut all);
        }
    }
    all
}

fn gather(scope: &str, message: &DescriptorProto, all: &mut BTreeMap<String, Fields>) {
    let name = format!("{scope}.{}", message.name());
    for nested in &message.nested_type {
        gather(&name, nested, all);
    }
    let fields = message.field.iter().filter(|field| field.r#type() == Type::Message);
    let fields = Fields {
        map_entry: message.options.as_ref().is_some_and(|o| o.map_entry()),
        messages: fields
            .map(|field| {
                let of = field.type_name().trim_start_matches('.').to_owned();
                (field.number(), of)
            })
            .collect(),
    };
    all.insert(name, fields);
}

fn table(all: &BTreeMap<String, Fields>) -> String {
    let leading = leading_to_maps(all);
    let names = leading.iter().filter(|name| !all[**name].map_entry && **name != ANY);
    let names: Vec<&str> = std::iter::once(ANY).chain(names.copied()).collect();
    let lines: BTreeMap<&str, usize> = names.iter().copied().zip(0..).collect();
    let mut text = String::new();
    for name in names {
        text.push_str(name);
        for (tag, of) in &all[name].messages {
            let Some(fields) = all.get(of) else { continue };
            if fields.map_entry {
                let value = fields.messages.iter().find(|(tag, _)| *tag == 2);
                let line = value.and_then(|(_, of)| lines.get(of.as_str()));
                let line = line.map(usize::to_string).unwrap_or_default();
                text.push_str(&format!(" {tag}*{line}"));
            } else if let Some(line) = lines.get(of.as_str()) {
                text.push_str(&format!(" {tag}:{line}"));
            }
        }
        text.push('\n');
    }
    text
}

/// The messages that hold a map, or an `Any`, or a message that does.
fn leading_to_maps(all: &BTreeMap<String, Fields>) -> BTreeSet<&str> {
    let maps = all.iter().filter(|(_, fields)| fields.map_entry);
    let mut leading: BTreeSet<&str> = maps.map(|(name, _)| name.as_str()).collect();
    leading.insert(ANY);
    loop {
        let before = leading.len();
        for (name, fields) in all {
            if fields.messages.iter().any(|(_, of)| leading.contains(of.as_str())) {
                leading.insert(name);
            }
        }
        if leading.len() == before {
            return leading;
        }
    }
}
