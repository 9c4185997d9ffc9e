//! The end of the process, where going on could break a promise.
//!
//! After a failed write or sync nobody knows what is on the disk: the kernel may have dropped the
//! pages and will report success next time. So the only honest way on is a restart from what can
//! be read back. Abort, not exit: exit would run destructors that wait for the same broken disk.

use std::fmt::Display;

use crate::simulated::{self, Died};

/// Reports what failed and aborts the process.
pub(crate) fn die(doing: &str, error: &dyn Display) -> ! {
    if simulated::active() {
        // Only this server ends, not all of them.
        std::panic::panic_any(Died(format!("cannot {doing}: {error}")));
    }
    tracing::error!(%error, "fatal: cannot {doing}; this server stops");
    // The subscriber may be missing, filtered or buffered; the operator must see the reason.
    eprintln!("weft: fatal: cannot {doing}: {error}; this server stops");
    std::process::abort()
}
