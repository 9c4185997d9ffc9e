//! From tokens to values.

use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::lexer::{Spot, Token, constant};
use super::{HclError, Place};

/// A file that nests deeper than this is not configuration.
const DEPTH_MAX: usize = 64;

/// The settings of a whole file.
pub(super) fn document(tokens: Vec<Spot>) -> Result<Map<String, Value>, HclError> {
    Parser { tokens, position: 0, depth: 0 }.body(&Token::End)
}

struct Parser {
    tokens: Vec<Spot>,
    position: usize,
    depth: usize,
}

impl Parser {
    fn here(&self) -> &Spot {
        // The last token is `End`, and nothing steps over it.
        &self.tokens[self.position.min(self.tokens.len() - 1)]
    }

    fn step(&mut self) -> Token {
        let token = self.here().token.clone();
        self.position += 1;
        token
    }

    fn step_if(&mut self, mark: char) -> bool {
        let found = self.here().token == Token::Mark(mark);
        self.position += usize::from(found);
        found
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T, HclError> {
        let Spot { token, place } = self.here();
        Err(HclError { place: *place, message: format!("expected {wanted}, found {}", token.describe()) })
    }

    /// Settings up to `end`, which is stepped over.
    fn body(&mut self, end: &Token) -> Result<Map<String, Value>, HclError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(HclError { place: self.here().place, message: "nested too deeply".to_owned() });
        }
        let mut settings = Map::new();
        while self.here().token != *end {
            self.setting(&mut settings, end)?;
            self.step_if(',');
        }
        self.position += 1;
        self.depth -= 1;
        Ok(settings)
    }

    /// `key = value`, `key { … }` or `key "label" { … }`.
    fn setting(&mut self, settings: &mut Map<String, Value>, end: &Token) -> Result<(), HclError> {
        let place = self.here().place;
        let Some(key) = self.name() else {
            return self.unexpected(if *end == Token::End { "a name" } else { "a name or \"}\"" });
        };
        if self.step_if('=') || self.step_if(':') {
            let value = self.value()?;
            return add(settings, &key, value, place);
        }
        let mut labels = vec![key];
        while let Some(label) = self.name() {
            labels.push(label);
        }
        // Each label is a level of its own.
        if self.depth + labels.len() > DEPTH_MAX {
            return Err(HclError { place, message: "nested too deeply".to_owned() });
        }
        if !self.step_if('{') {
            return self.unexpected(&format!("\"=\" or \"{{\" after {:?}", labels[0]));
        }
        let block = Value::Object(self.body(&Token::Mark('}'))?);
        add_labelled(settings, &labels, block, place)
    }

    fn name(&mut self) -> Option<String> {
        let (Token::Word(name) | Token::Text(name)) = self.here().token.clone() else { return None };
        self.position += 1;
        Some(name)
    }

    fn value(&mut self) -> Result<Value, HclError> {
        let known = match &self.here().token {
            Token::Text(text) => Some(Value::String(text.clone())),
            Token::Number(number) => Some(Value::Number(number.clone())),
            Token::Word(word) => match constant(word) {
                Some(value) => Some(value),
                None => return self.unexpected("a value (a text stands in quotes)"),
            },
            Token::Mark('[' | '{') => None,
            Token::Mark(_) | Token::End => return self.unexpected("a value"),
        };
        match (self.step(), known) {
            (_, Some(value)) => Ok(value),
            (Token::Mark('['), None) => self.list(),
            (_, None) => Ok(Value::Object(self.body(&Token::Mark('}'))?)),
        }
    }

    fn list(&mut self) -> Result<Value, HclError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(HclError { place: self.here().place, message: "nested too deeply".to_owned() });
        }
        let mut items = Vec::new();
        while !self.step_if(']') {
            items.push(self.value()?);
            if !self.step_if(',') && self.here().token != Token::Mark(']') {
                return self.unexpected("\",\" or \"]\" in a list");
            }
        }
        self.depth -= 1;
        Ok(Value::Array(items))
    }
}

/// Puts a setting beside what is there: blocks of one name become a list.
fn add(settings: &mut Map<String, Value>, key: &str, value: Value, place: Place) -> Result<(), HclError> {
    let mut occupied = match settings.entry(key) {
        Entry::Vacant(vacant) => {
            vacant.insert(value);
            return Ok(());
        }
        Entry::Occupied(occupied) => occupied,
    };
    match (occupied.get_mut(), value) {
        (Value::Array(blocks), Value::Object(block)) if blocks.iter().all(Value::is_object) => {
            blocks.push(Value::Object(block));
        }
        (first @ Value::Object(_), block @ Value::Object(_)) => *first = Value::Array(vec![first.take(), block]),
        _ => return Err(HclError { place, message: format!("{key:?} is set twice") }),
    }
    Ok(())
}

/// Puts a block under its labels, so that `service "a" {}` and `service "b" {}` share one object.
fn add_labelled(
    settings: &mut Map<String, Value>,
    labels: &[String],
    block: Value,
    place: Place,
) -> Result<(), HclError> {
    match labels {
        [] => Ok(()),
        [last] => add(settings, last, block, place),
        [first, rest @ ..] => match settings.entry(first).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(inner) => add_labelled(inner, rest, block, place),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(HclError { place, message: format!("{first:?} is set twice") })
            }
        },
    }
}
