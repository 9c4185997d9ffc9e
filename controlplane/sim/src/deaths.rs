//! What panicked on this thread: servers that ended themselves, and true faults.

use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use weft_raft::Died;

thread_local! {
    static DEATHS: RefCell<Option<Vec<Death>>> = const { RefCell::new(None) };
}

/// One panic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// A server said that it cannot go on, and why.
    Ended(String),
    /// Something went wrong that nobody had foreseen.
    Panicked(String),
}

/// From now on panics on this thread are collected and not shown.
pub(crate) fn collect() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let death = death(info);
            let collected = DEATHS.try_with(|deaths| match deaths.borrow_mut().as_mut() {
                Some(deaths) => {
                    deaths.push(death);
                    true
                }
                None => false,
            });
            if !collected.unwrap_or(false) {
                usual(info);
            }
        }));
    });
    DEATHS.set(Some(Vec::new()));
}

/// What has been collected since the last call.
pub(crate) fn take() -> Vec<Death> {
    DEATHS.with_borrow_mut(|deaths| deaths.as_mut().map(std::mem::take).unwrap_or_default())
}

/// From now on panics are shown again.
pub(crate) fn stop() {
    DEATHS.set(None);
}

fn death(info: &PanicHookInfo<'_>) -> Death {
    if let Some(Died(why)) = info.payload().downcast_ref::<Died>() {
        return Death::Ended(why.clone());
    }
    let what = info.payload_as_str().unwrap_or("something unknown");
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    Death::Panicked(format!("{what} at {place}"))
}
