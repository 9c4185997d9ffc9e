//! Where the maps are: for each message that can hold one, the fields that are maps or lead to one.
//!
//! `maps.txt` has a line a message: its name, then `tag:line` for a field that is a message, `tag*line`
//! for a map of messages, `tag*` for any other map. Lines count from 0 and the first one is `Any`, which
//! may hold anything. The file is made from the published descriptors by `tests/map_fields.rs`.

use std::collections::HashMap;
use std::sync::OnceLock;

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Inside {
    Message(usize),
    Map(Option<usize>),
}

/// The table, as parsed.
pub(super) struct Table {
    lines: HashMap<&'static str, usize>,
    fields: Vec<Vec<(u32, Inside)>>,
}

impl Table {
    pub(super) fn get() -> &'static Table {
        static TABLE: OnceLock<Table> = OnceLock::new();
        TABLE.get_or_init(|| Table::parse(include_str!("maps.txt")))
    }

    fn parse(text: &'static str) -> Self {
        let mut table = Self { lines: HashMap::new(), fields: Vec::new() };
        for (number, line) in text.lines().enumerate() {
            let (name, fields) = line.split_once(' ').unwrap_or((line, ""));
            table.lines.insert(name, number);
            let fields = fields.split_whitespace().filter_map(field);
            table.fields.push(fields.collect());
        }
        table
    }

    pub(super) fn find(&self, full_name: &str) -> Option<usize> {
        self.lines.get(full_name).copied()
    }

    pub(super) fn any(&self) -> usize {
        0
    }

    pub(super) fn inside(&self, of: usize, tag: u32) -> Option<Inside> {
        let fields = self.fields.get(of)?.iter();
        let found = fields.copied().find(|(other, _)| *other == tag);
        found.map(|(_, inside)| inside)
    }
}

fn field(word: &str) -> Option<(u32, Inside)> {
    match word.split_once('*') {
        Some((tag, value)) => Some((tag.parse().ok()?, Inside::Map(value.parse().ok()))),
        None => {
            let (tag, line) = word.split_once(':')?;
            Some((tag.parse().ok()?, Inside::Message(line.parse().ok()?)))
        }
    }
}
