//! `/v1/query`: prepared queries, stored and run.

mod definition;
mod execute;
mod vet;

pub(crate) use definition::{create, delete, get, list, update};
pub(crate) use execute::{execute, explain};
