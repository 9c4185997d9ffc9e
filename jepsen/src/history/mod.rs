//! What happened in a run, as values: operations, faults, dumps, samples, and the folder they live in.

mod band;
mod config;
mod dump;
mod edn;
mod event;
mod op;
mod recorder;
mod run_data;

pub use band::{Band, BandState, LeaderCase, Link};
pub use config::RunConfig;
pub use dump::{Dump, Exit, LogId, Marker, MarkerKind, Sample};
pub use edn::to_edn;
pub use event::{Event, pair};
pub use op::{Op, Outcome};
pub use recorder::{JsonLines, Meta, Pending, Recorder};
pub use run_data::RunData;
