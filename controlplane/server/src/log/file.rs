//! The log as files: `name-NANOSECONDS.log`, a new one after so many bytes or so much time, the oldest taken away.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::config::{KeptFiles, LogFile};

/// What a file is called where only a directory is named.
const NAME: &str = "weft";

/// A log that goes into files.
pub(super) struct Files {
    settings: LogFile,
    directory: PathBuf,
    /// What stands before and behind the time in the name of a file.
    name: (String, String),
    open: Mutex<Open>,
}

struct Open {
    file: File,
    written: u64,
    since: Instant,
}

impl Files {
    /// Opens the first one.
    pub(super) fn open(settings: &LogFile) -> io::Result<Self> {
        let (directory, name) = parts(&settings.path);
        let open = Mutex::new(create(&directory, &name)?);
        Ok(Self { settings: settings.clone(), directory, name, open })
    }

    fn is_full(&self, open: &Open) -> bool {
        let full = self.settings.bytes.is_some_and(|bytes| open.written >= bytes);
        full || open.since.elapsed() >= self.settings.every
    }

    /// Takes away those that are too many, the oldest first: the time in their names is as long for all of them.
    fn prune(&self) -> io::Result<()> {
        let keep = match self.settings.kept {
            KeptFiles::All => return Ok(()),
            KeptFiles::Newest(count) => count,
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.directory)? {
            let path = entry?.path();
            if path.file_name().and_then(|name| name.to_str()).is_some_and(|name| self.is_ours(name)) {
                files.push(path);
            }
        }
        files.sort();
        let stale = files.len().saturating_sub(keep);
        files.iter().take(stale).try_for_each(fs::remove_file)
    }

    fn is_ours(&self, name: &str) -> bool {
        let (before, behind) = &self.name;
        let time = name.strip_prefix(before.as_str()).and_then(|rest| rest.strip_suffix(behind.as_str()));
        time.and_then(|time| time.strip_prefix('-')).is_some_and(|time| time.bytes().all(|byte| byte.is_ascii_digit()))
    }
}

/// Each event comes as one piece, so that no line is torn.
impl Write for &Files {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.open.lock();
        if self.is_full(&open) {
            // Where there is no place for a new file, the old one goes on.
            match self.prune().and_then(|()| create(&self.directory, &self.name)) {
                Ok(next) => *open = next,
                // Not tried again with every line.
                Err(_) => (open.written, open.since) = (0, Instant::now()),
            }
        }
        open.file.write_all(line)?;
        open.written += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open.lock().file.flush()
    }
}

/// The directory of the files, and what stands around the time in their names.
fn parts(path: &Path) -> (PathBuf, (String, String)) {
    if path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return (path.to_owned(), (NAME.to_owned(), ".log".to_owned()));
    }
    let text = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let ending = text(path.extension()).unwrap_or_else(|| "log".to_owned());
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (directory.to_owned(), (text(path.file_stem()).unwrap_or_else(|| NAME.to_owned()), format!(".{ending}")))
}

fn create(directory: &Path, (before, behind): &(String, String)) -> io::Result<Open> {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos();
    let path = directory.join(format!("{before}-{time}{behind}"));
    let file = OpenOptions::new().append(true).create(true).mode(0o640).open(path)?;
    Ok(Open { written: file.metadata()?.len(), file, since: Instant::now() })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn settings(path: PathBuf, bytes: Option<u64>, kept: KeptFiles) -> LogFile {
        LogFile { path, bytes, every: Duration::from_secs(3600), kept }
    }

    /// The texts of the files, by their names.
    fn texts(dir: &TempDir) -> Vec<String> {
        let mut files: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|file| fs::read_to_string(file).unwrap()).collect()
    }

    #[test]
    fn a_full_file_is_followed_by_another_and_the_oldest_go() {
        let dir = TempDir::new().unwrap();
        fs::write(dir.path().join("a-mine.log"), "not the log's").unwrap();
        let files = Files::open(&settings(dir.path().join("a.log"), Some(4), KeptFiles::Newest(2))).unwrap();
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            (&files).write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(texts(&dir), ["two\n", "three\n", "four\n", "not the log's"]);
    }

    #[test]
    fn nothing_is_taken_away_unless_that_is_wished() {
        let dir = TempDir::new().unwrap();
        let files = Files::open(&settings(dir.path().to_owned(), Some(1), KeptFiles::All)).unwrap();
        for line in ["one\n", "two\n", "three\n"] {
            (&files).write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(texts(&dir), ["one\n", "two\n", "three\n"]);
        let none = Files::open(&settings(dir.path().join("no/such.log"), None, KeptFiles::All));
        assert_eq!(none.err().unwrap().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn without_a_place_for_another_file_the_log_goes_on() {
        let dir = TempDir::new().unwrap();
        let place = dir.path().join("logs");
        fs::create_dir(&place).unwrap();
        let files = Files::open(&settings(place.join("a.log"), Some(1), KeptFiles::Newest(1))).unwrap();
        fs::rename(&place, dir.path().join("elsewhere")).unwrap();
        for line in ["one\n", "two\n"] {
            (&files).write_all(line.as_bytes()).unwrap();
        }
        let kept = fs::read_dir(dir.path().join("elsewhere")).unwrap().next().unwrap().unwrap();
        assert_eq!(fs::read_to_string(kept.path()).unwrap(), "one\ntwo\n");
    }

    #[test]
    fn a_file_ends_with_its_time() {
        let dir = TempDir::new().unwrap();
        let settings = LogFile { every: Duration::ZERO, ..settings(dir.path().join("b"), None, KeptFiles::Newest(0)) };
        let files = Files::open(&settings).unwrap();
        (&files).write_all(b"one\n").unwrap();
        (&files).write_all(b"two\n").unwrap();
        assert_eq!(texts(&dir), ["two\n"]);
    }
}
