//! What is logged and where to: the keys `log_*`.

use std::path::PathBuf;
use std::time::Duration;

use weft_model::Faults;

use super::draft::Draft;

/// As Consul's.
const ROTATED_EVERY: Duration = Duration::from_secs(24 * 3600);

/// What is logged, and how.
#[derive(Clone, Debug)]
pub struct Log {
    pub level: tracing::Level,
    pub json: bool,
    /// Where it goes besides standard error.
    pub file: Option<LogFile>,
}

/// A log in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFile {
    /// The time goes into the name; a directory stands for a name of ours in it.
    pub path: PathBuf,
    /// A file is full with so many; `None`: never.
    pub bytes: Option<u64>,
    /// And after this time.
    pub every: Duration,
    pub kept: KeptFiles,
}

/// How many full files stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeptFiles {
    All,
    Newest(usize),
}

/// The keys as they were said.
#[derive(Debug, Default)]
pub(super) struct LogDraft {
    pub(super) level: Option<tracing::Level>,
    pub(super) json: Option<bool>,
    pub(super) file: Option<PathBuf>,
    pub(super) bytes: Option<i64>,
    pub(super) every: Option<Duration>,
    pub(super) files_max: Option<i64>,
}

pub(super) fn settings(draft: &Draft, faults: &mut Faults) -> Log {
    let LogDraft { level, json, file, bytes, every, files_max } = &draft.log;
    let rotates = bytes.is_some() || every.is_some() || files_max.is_some();
    if file.is_none() && rotates {
        faults
            .say("log_rotate_bytes, log_rotate_duration and log_rotate_max_files are about log_file, which is missing");
    }
    let kept = match files_max.unwrap_or(0) {
        0 => KeptFiles::All,
        // Consul takes a negative number for "none".
        count => KeptFiles::Newest(usize::try_from(count).unwrap_or(0)),
    };
    let file = file.clone().map(|path| LogFile {
        path,
        bytes: bytes.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0),
        every: every.filter(|every| !every.is_zero()).unwrap_or(ROTATED_EVERY),
        kept,
    });
    Log { level: level.unwrap_or(tracing::Level::INFO), json: *json == Some(true), file }
}
