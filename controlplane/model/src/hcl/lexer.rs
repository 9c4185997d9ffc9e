//! From text to tokens, each with its place.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Number, Value};

use super::{HclError, Place};

/// What a text is made of; space and comments are gone.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// A bare word: a name, or `true`, `false`, `null`.
    Word(String),
    /// A quoted text or a heredoc.
    Text(String),
    Number(Number),
    /// One of `{}[]=,:`.
    Mark(char),
    End,
}

impl Token {
    /// The token as an error names it.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("{word:?}"),
            Self::Text(text) => format!("the text {text:?}"),
            Self::Number(number) => format!("the number {number}"),
            Self::Mark(mark) => format!("\"{mark}\""),
            Self::End => "the end of the file".to_owned(),
        }
    }
}

/// A token and where it starts.
#[derive(Clone, Debug)]
pub(super) struct Spot {
    pub(super) token: Token,
    pub(super) place: Place,
}

/// All tokens of `text`; the last one is [`Token::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Spot>, HclError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lexer = Lexer { chars: text.chars().peekable(), place: Place { line: 1, column: 1 } };
    let mut found = Vec::new();
    loop {
        lexer.skip_space()?;
        let place = lexer.place;
        let token = lexer.token()?;
        let last = token == Token::End;
        found.push(Spot { token, place });
        if last {
            return Ok(found);
        }
    }
}

struct Lexer<'a> {
    chars: Peekable<Chars<'a>>,
    place: Place,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<char> {
        let next = self.chars.next()?;
        if next == '\n' {
            self.place = Place { line: self.place.line + 1, column: 1 };
        } else {
            self.place.column += 1;
        }
        Some(next)
    }

    fn next_if(&mut self, wanted: char) -> bool {
        let found = self.chars.peek() == Some(&wanted);
        if found {
            self.next();
        }
        found
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(&next) = self.chars.peek().filter(|next| keep(**next)) {
            taken.push(next);
            self.next();
        }
        taken
    }

    fn fault<T>(place: Place, message: impl Into<String>) -> Result<T, HclError> {
        Err(HclError { place, message: message.into() })
    }

    fn skip_space(&mut self) -> Result<(), HclError> {
        loop {
            self.take_while(char::is_whitespace);
            let place = self.place;
            match self.chars.peek() {
                Some('#') => self.skip_line(),
                Some('/') => {
                    self.next();
                    match self.next() {
                        Some('/') => self.skip_line(),
                        Some('*') => self.skip_block(place)?,
                        _ => return Self::fault(place, "a comment starts with //, # or /*"),
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        self.take_while(|next| next != '\n');
    }

    fn skip_block(&mut self, start: Place) -> Result<(), HclError> {
        while let Some(next) = self.next() {
            if next == '*' && self.next_if('/') {
                return Ok(());
            }
        }
        Self::fault(start, "this comment has no end")
    }

    fn token(&mut self) -> Result<Token, HclError> {
        let place = self.place;
        match self.chars.peek().copied() {
            None => Ok(Token::End),
            Some(mark @ ('{' | '}' | '[' | ']' | '=' | ',' | ':')) => {
                self.next();
                Ok(Token::Mark(mark))
            }
            Some('"') => self.quoted().map(Token::Text),
            Some('<') => self.heredoc().map(Token::Text),
            Some(first) if first.is_ascii_digit() || first == '-' || first == '.' => self.number(),
            Some(first) if first.is_alphabetic() || first == '_' => {
                Ok(Token::Word(self.take_while(|c| c.is_alphanumeric() || "_-.".contains(c))))
            }
            Some(other) => Self::fault(place, format!("{other:?} has no meaning here")),
        }
    }

    fn number(&mut self) -> Result<Token, HclError> {
        let place = self.place;
        let written = self.take_while(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        let hexadecimal = written.strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let whole = hexadecimal.map(Number::from).or_else(|| written.parse::<i64>().ok().map(Number::from));
        let number = whole.or_else(|| written.parse().ok().and_then(Number::from_f64));
        number.map_or_else(
            || Self::fault(place, format!("{written:?} is not a number")),
            |number| Ok(Token::Number(number)),
        )
    }

    fn quoted(&mut self) -> Result<String, HclError> {
        let start = self.place;
        self.next();
        let mut text = String::new();
        // Quotes inside `${…}` belong to it.
        let mut braces = 0_u32;
        loop {
            let place = self.place;
            match self.next() {
                None => return Self::fault(start, "this text has no closing quote"),
                Some('\n') if braces == 0 => return Self::fault(start, "this text has no closing quote on its line"),
                Some('"') if braces == 0 => return Ok(text),
                Some('\\') if braces == 0 => text.push(self.escape(place)?),
                Some(next) => {
                    let opens =
                        (next == '{' && braces > 0) || (next == '$' && self.chars.peek() == Some(&'{') && braces == 0);
                    if next == '$' && opens {
                        text.push('$');
                        self.next();
                        text.push('{');
                    } else {
                        text.push(next);
                    }
                    braces += u32::from(opens);
                    braces -= u32::from(next == '}' && braces > 0);
                }
            }
        }
    }

    fn escape(&mut self, place: Place) -> Result<char, HclError> {
        let escaped = self.next();
        let digits = match escaped {
            Some('n') => return Ok('\n'),
            Some('t') => return Ok('\t'),
            Some('r') => return Ok('\r'),
            Some(same @ ('"' | '\\' | '/')) => return Ok(same),
            Some('u') => 4,
            Some('U') => 8,
            _ => return Self::fault(place, "unknown escape; known are \\n \\t \\r \\\" \\\\ \\uXXXX \\UXXXXXXXX"),
        };
        let code: String = (0..digits).filter_map(|_| self.next()).collect();
        let known = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
        known.map_or_else(|| Self::fault(place, format!("{code:?} is no character's code")), Ok)
    }

    /// `<<END` up to a line that holds `END` alone; `<<-END` also drops the lines' common indent.
    fn heredoc(&mut self) -> Result<String, HclError> {
        let start = self.place;
        self.next();
        if !self.next_if('<') {
            return Self::fault(start, "\"<\" has no meaning here; a heredoc starts with <<");
        }
        let indented = self.next_if('-');
        let label = self.take_while(|c| c.is_alphanumeric() || c == '_' || c == '-');
        self.next_if('\r');
        if label.is_empty() || self.next() != Some('\n') {
            return Self::fault(start, "after << stands a word, and then the line ends");
        }
        let mut lines = Vec::new();
        while self.chars.peek().is_some() {
            let line = self.take_while(|c| c != '\n');
            if line.trim() == label {
                return Ok(joined(&lines, indented));
            }
            self.next();
            lines.push(line.trim_end_matches('\r').to_owned());
        }
        Self::fault(start, format!("no line holds the closing {label:?} alone"))
    }
}

fn joined(lines: &[String], indented: bool) -> String {
    let indent = |line: &String| line.len() - line.trim_start().len();
    let full = lines.iter().filter(|line| !line.trim().is_empty());
    let cut = if indented { full.map(indent).min().unwrap_or(0) } else { 0 };
    lines.iter().map(|line| format!("{}\n", line.get(cut..).unwrap_or(""))).collect()
}

/// The value of a bare word that is not a name.
pub(super) fn constant(word: &str) -> Option<Value> {
    match word {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => None,
    }
}
