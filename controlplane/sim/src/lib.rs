//! Whole clusters in one process, under a seed.
