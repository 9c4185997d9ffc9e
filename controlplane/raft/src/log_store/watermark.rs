//! A note beside the database of how far the log certainly reached.
//!
//! RocksDB cannot tell a write-ahead log that ends from one that was cut off, emptied or replaced
//! by an older copy: it opens with what is left. A server that then votes or leads would undo
//! acknowledged writes. The note is written now and then, so it is a lower bound: a log that ends
//! below it has lost something.

use std::io;
use std::path::Path;
use std::sync::Arc;

use weft_model::mutant::{Mutant, active};

use super::recover::{Recovered, text};
use crate::disk::{Files, read_file, write_file};
use crate::error::StartError;
use crate::types::{LeaderId, LogId, Vote};

/// The file's name.
pub(super) const NAME: &str = "WATERMARK";

/// How far vote and log reached at some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) term: u64,
    pub(super) log: Option<LogId>,
}

impl Mark {
    pub(super) fn new(vote: Option<Vote>, log: Option<LogId>) -> Self {
        Self { term: vote.map_or(0, |vote| vote.leader_id.term), log }
    }
}

/// The file with the last mark.
pub(super) struct Watermark {
    files: Arc<dyn Files>,
    /// Nothing before the first start.
    mark: Option<Mark>,
}

impl Watermark {
    pub(super) fn open(files: Arc<dyn Files>) -> Result<Self, StartError> {
        let path = files.place().join(NAME);
        let mark = match read_file(&*files, NAME).map_err(StartError::io(&path))? {
            Some(bytes) => {
                let mark = std::str::from_utf8(&bytes).ok().and_then(parse);
                Some(mark.ok_or_else(|| StartError::damaged(&path, "it cannot be understood"))?)
            }
            None => None,
        };
        Ok(Self { files, mark })
    }

    /// Refuses a log or a vote that lies behind the mark.
    pub(super) fn check(&self, found: &Recovered, log_path: &Path) -> Result<(), StartError> {
        if active(Mutant::M19) {
            return Ok(());
        }
        let is = Mark::new(found.vote, found.last);
        let Some(was) = self.mark else {
            // The mark is made before the first write.
            if is != Mark::default() {
                let path = self.files.place().join(NAME);
                return Err(StartError::damaged(&path, "it is missing, and there is a log"));
            }
            return Ok(());
        };
        if is.log < was.log {
            let why = format!("the log ends at {}, it once reached {}", text(is.log), text(was.log));
            return Err(StartError::damaged(log_path, why));
        }
        // M2 forgets votes, and this would show it before a second vote does.
        if is.term < was.term && !active(Mutant::M2) {
            let why = format!("the last vote is of term {}, there was one of term {}", is.term, was.term);
            return Err(StartError::damaged(log_path, why));
        }
        Ok(())
    }

    /// Makes the file before the first write, so that it also shows that there is a database.
    pub(super) fn begin(&mut self) -> io::Result<()> {
        self.set(self.mark.unwrap_or_default())
    }

    /// Replaces the mark, durably.
    pub(super) fn set(&mut self, mark: Mark) -> io::Result<()> {
        if self.mark != Some(mark) {
            write_file(&*self.files, NAME, print(mark).as_bytes())?;
            self.mark = Some(mark);
        }
        Ok(())
    }

    /// Lowers the mark before entries after `last` are removed on purpose.
    pub(super) fn lower(&mut self, last: Option<LogId>) -> io::Result<()> {
        let mark = self.mark.unwrap_or_default();
        self.set(Mark { log: mark.log.min(last), ..mark })
    }
}

fn print(mark: Mark) -> String {
    format!("term = {}\nlog = {}\n", mark.term, text(mark.log))
}

fn parse(text: &str) -> Option<Mark> {
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
    let term = value("term")?.parse().ok()?;
    let log = match value("log")? {
        "nothing" => None,
        id => {
            let (term, index) = id.split_once('.')?;
            Some(LogId::new(LeaderId::new(term.parse().ok()?), index.parse().ok()?))
        }
    };
    Some(Mark { term, log })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back() {
        let log = Some(LogId::new(LeaderId::new(3), 1234));
        for mark in [Mark::default(), Mark { term: 4, log }] {
            assert_eq!(parse(&print(mark)), Some(mark));
        }
        assert_eq!(parse("term = 4\nlog = "), None);
    }
}
