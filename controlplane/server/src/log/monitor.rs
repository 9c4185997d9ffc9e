//! Those who follow the log while it is written. A follower who does not read is owed nothing: what does not fit into
//! its queue is left out, and it is told how much that was.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::{Registry, fmt, reload};
use weft_api::host::{Logs, TooManyFollowers};

use super::{Filter, filter, silence};

/// Lines that wait for a follower, as Consul's.
const QUEUE: usize = 512;
/// At a time: each costs its queue, and all debug lines their making.
const FOLLOWERS_MAX: usize = 32;

/// The level below which `tracing` asks nobody is the process's: two changes at once may leave the lower one.
static CHANGING: Mutex<()> = Mutex::new(());

/// All who follow. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Monitors {
    text: Form,
    json: Form,
}

/// Those who follow in one form.
#[derive(Clone, Default)]
struct Form(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// What is written for them at all; `None`: there is no log, and nothing to follow.
    filter: Mutex<Option<Filter>>,
    followers: Mutex<Vec<Follower>>,
}

#[derive(Clone)]
struct Follower {
    level: Level,
    wants: Targets,
    lines: mpsc::Sender<Bytes>,
    missed: Arc<Mutex<usize>>,
}

impl Monitors {
    /// The layers that write for them; they write nothing while nobody follows.
    pub(super) fn layers(&self) -> Vec<Box<dyn Layer<Registry> + Send + Sync>> {
        let text = fmt::layer().with_ansi(false).with_writer(self.text.clone());
        let json = fmt::layer().json().with_writer(self.json.clone());
        vec![text.with_filter(self.text.reloadable()).boxed(), json.with_filter(self.json.reloadable()).boxed()]
    }
}

impl Logs for Monitors {
    fn follow(&self, level: Level, json: bool) -> Result<BoxStream<'static, Bytes>, TooManyFollowers> {
        let form = if json { &self.json } else { &self.text };
        form.follow(level, json)
    }
}

impl Form {
    fn reloadable(&self) -> reload::Layer<Targets, Registry> {
        let (layer, handle) = reload::Layer::new(silence());
        *self.0.filter.lock() = Some(handle);
        layer
    }

    fn follow(&self, level: Level, json: bool) -> Result<BoxStream<'static, Bytes>, TooManyFollowers> {
        if self.0.filter.lock().is_none() {
            return Ok(stream::empty().boxed());
        }
        let (lines, receiver) = mpsc::channel(QUEUE);
        let follower = Follower { level, wants: filter(level), lines, missed: Arc::default() };
        let missed = Arc::clone(&follower.missed);
        {
            let mut followers = self.0.followers.lock();
            if followers.len() >= FOLLOWERS_MAX {
                return Err(TooManyFollowers);
            }
            followers.push(follower);
        }
        self.adjust();
        let follows = Follows { form: self.clone(), missed };
        let lines = ReceiverStream::new(receiver).flat_map(move |line| {
            let gap = match std::mem::take(&mut *follows.missed.lock()) {
                0 => None,
                count => Some(gap(count, json)),
            };
            stream::iter([Some(line), gap].into_iter().flatten())
        });
        Ok(lines.boxed())
    }

    /// Writes what the most curious of them wants.
    fn adjust(&self) {
        let _alone = CHANGING.lock();
        let level = self.0.followers.lock().iter().map(|follower| follower.level).max();
        let Some(handle) = self.0.filter.lock().clone() else { return };
        if let Err(error) = handle.reload(level.map_or_else(silence, filter)) {
            tracing::warn!(%error, "the log is followed at the level that it was");
        }
    }
}

/// A follower is one of them until this is dropped.
struct Follows {
    form: Form,
    missed: Arc<Mutex<usize>>,
}

impl Drop for Follows {
    fn drop(&mut self) {
        self.form.0.followers.lock().retain(|follower| !Arc::ptr_eq(&follower.missed, &self.missed));
        self.form.adjust();
    }
}

fn gap(count: usize, json: bool) -> Bytes {
    let text = format!("{count} lines are missing: they came faster than they were read");
    let line = if json { serde_json::json!({"level": "WARN", "fields": {"message": text}}).to_string() } else { text };
    Bytes::from(line + "\n")
}

/// A line on its way to those who want it.
pub(crate) struct Line(Vec<Follower>);

impl io::Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let bytes = Bytes::copy_from_slice(line);
        for follower in &self.0 {
            if follower.lines.try_send(bytes.clone()).is_err() {
                *follower.missed.lock() += 1;
            }
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Form {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(self.0.followers.lock().clone())
    }

    fn make_writer_for(&'a self, meta: &Metadata<'_>) -> Line {
        let followers = self.0.followers.lock();
        Line(followers.iter().filter(|one| one.wants.would_enable(meta.target(), meta.level())).cloned().collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::FutureExt as _;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn text(line: Option<Option<Bytes>>) -> String {
        String::from_utf8(line.unwrap().unwrap().to_vec()).unwrap()
    }

    /// One after the other: the least level is the process's.
    fn logged(monitors: &Monitors, what: impl FnOnce()) {
        static ALONE: Mutex<()> = Mutex::new(());
        let _alone = ALONE.lock();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(monitors.layers()), what);
    }

    #[test]
    fn each_follower_gets_its_level_in_its_form_and_nothing_from_before() {
        let monitors = Monitors::default();
        logged(&monitors, || {
            tracing::error!(target: "weft", "before");
            let mut quiet = monitors.follow(Level::WARN, false).unwrap();
            let mut curious = monitors.follow(Level::DEBUG, true).unwrap();
            tracing::debug!(target: "weft", "small");
            tracing::warn!(target: "weft", "big");
            assert!(text(quiet.next().now_or_never()).ends_with(" WARN weft: big\n"));
            assert_eq!(quiet.next().now_or_never(), None);
            let line: serde_json::Value = serde_json::from_str(&text(curious.next().now_or_never())).unwrap();
            assert_eq!((&line["level"], &line["fields"]["message"]), (&"DEBUG".into(), &"small".into()));
            drop(curious);
            assert!(!tracing::enabled!(target: "weft", Level::DEBUG), "nobody wants it any more");
        });
    }

    #[test]
    fn a_follower_who_does_not_read_is_told_how_much_it_has_missed() {
        let monitors = Monitors::default();
        logged(&monitors, || {
            let mut slow = monitors.follow(Level::INFO, false).unwrap();
            for _ in 0..QUEUE + 7 {
                tracing::info!(target: "weft", "line");
            }
            assert!(text(slow.next().now_or_never()).ends_with(" INFO weft: line\n"));
            assert_eq!(text(slow.next().now_or_never()), "7 lines are missing: they came faster than they were read\n");
            assert!(text(slow.next().now_or_never()).ends_with(" INFO weft: line\n"));
        });
    }

    #[test]
    fn a_place_that_was_left_is_free() {
        let monitors = Monitors::default();
        logged(&monitors, || {
            let mut all: Vec<_> = (0..FOLLOWERS_MAX).map(|_| monitors.follow(Level::INFO, false).unwrap()).collect();
            assert!(monitors.follow(Level::INFO, false).is_err());
            all.pop();
            assert!(monitors.follow(Level::INFO, false).is_ok());
        });
    }
}
