//! Scripts that read like a terminal:
//!
//! ```text
//! # A comment.
//! === web.json                        a file, up to a line ===; "stdin" is piped in
//! {"service": {"name": "web"}}
//! ===
//! $ WEFT_HTTP_TOKEN=t weft services register web.json
//! > PUT /v1/agent/service/register (token t) {"name":"web"}
//! < 200 {}                            what the agent answers, in this order
//! Registered service: web             standard output
//! ! a complaint                       standard error
//! [0]                                 the exit code
//! ```

use std::fmt;

/// A file of steps.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) files: Vec<(String, String)>,
    pub(crate) steps: Vec<Step>,
    /// The lines before each step, and those behind the last.
    between: Vec<String>,
}

/// One command.
#[derive(Debug, Default)]
pub(crate) struct Step {
    line: String,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) args: Vec<String>,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

/// A request, and what it is answered with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) request: String,
    /// Status and body.
    pub(crate) answer: String,
}

impl Script {
    pub(crate) fn parse(text: &str) -> Self {
        let mut script = Self::default();
        let mut between = String::new();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(command) = line.strip_prefix("$ ") {
                script.between.push(std::mem::take(&mut between));
                script.steps.push(Step::parse(command, &mut lines));
                continue;
            }
            between.push_str(&format!("{line}\n"));
            if let Some(name) = line.strip_prefix("=== ") {
                let body: String =
                    lines.by_ref().take_while(|line| *line != "===").map(|line| format!("{line}\n")).collect();
                between.push_str(&format!("{body}===\n"));
                script.files.push((name.to_owned(), body));
            }
        }
        script.between.push(between);
        script
    }
}

impl Step {
    fn parse<'a>(command: &str, lines: &mut impl Iterator<Item = &'a str>) -> Self {
        let words = words(command);
        let program = words.iter().position(|word| word == "weft").expect("a command is \"weft\"");
        let pair = |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut step = Self {
            line: command.to_owned(),
            env: words[..program].iter().filter_map(pair).collect(),
            args: words[program + 1..].to_vec(),
            ..Self::default()
        };
        // What is printed is found out; only the agent's answers are needed.
        for line in lines.take_while(|line| !ends_step(line)) {
            if let Some(answer) = line.strip_prefix("< ") {
                step.exchanges.push(Exchange { request: String::new(), answer: answer.to_owned() });
            }
        }
        step
    }
}

/// Whether a line is an exit code in brackets.
fn ends_step(line: &str) -> bool {
    let code = line.strip_prefix('[').and_then(|line| line.strip_suffix(']'));
    code.is_some_and(|code| code.parse::<i32>().is_ok())
}

/// Words with spaces between them; quotes hold one together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, piece) in line.split('\'').enumerate() {
        if position % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, between) in self.between.iter().enumerate() {
            f.write_str(between)?;
            if let Some(step) = self.steps.get(position) {
                step.fmt(f)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.line)?;
        for exchange in &self.exchanges {
            writeln!(f, "> {}\n< {}", exchange.request, exchange.answer)?;
        }
        for line in self.stdout.lines() {
            writeln!(f, "{line}")?;
        }
        for line in self.stderr.lines() {
            writeln!(f, "! {line}")?;
        }
        writeln!(f, "[{}]", self.code)
    }
}
