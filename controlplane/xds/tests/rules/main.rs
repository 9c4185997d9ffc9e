//! The protocol's rules, one file a rule, each test named by what must hold. The numbers are those of
//! the project's list of xDS rules; SotW is the state of the world.
#![allow(unreachable_pub, clippy::unwrap_used)]

#[path = "../support/mod.rs"]
mod support;

mod cost;
mod script;

mod r01_versions_and_nonces;
mod r02_nack;
mod r03_stale_nonces;
mod r04_asked_again;
mod r05_no_needless_answers;
mod r06_wildcards;
mod r07_whole_or_part;
mod r08_missing_names;
mod r09_no_duplicates;
mod r10_reconnect;
mod r11_warming;
mod r12_order;
mod r13_superseded;
mod r14_backpressure;
mod r15_hostile_input;
mod r16_fails_alone;
mod r17_stable_versions;
mod r19_own_resources_only;
mod r20_secrets_and_ttl;
