//! The link as its two ends see it.
