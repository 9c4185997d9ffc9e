#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use openraft::Membership;

use super::*;
use crate::testing::{entries, log_id};

fn append() -> AppendEntriesRequest<Types> {
    let mut entries = entries(3, 5..9);
    entries[1].payload = Payload::Blank;
    entries[2].payload = Payload::Membership(Membership::new_with_defaults(vec![BTreeSet::from([1, 2, 3])], [4]));
    let vote = Vote::new_committed(3, 7);
    AppendEntriesRequest { vote, prev_log_id: Some(log_id(2, 4)), entries, leader_commit: None }
}

#[test]
fn an_append_reads_back() {
    let request = append();
    let back = decode_append(encode_append(&request).unwrap()).unwrap();
    assert_eq!((back.vote, back.prev_log_id, back.leader_commit), (request.vote, request.prev_log_id, None));
    let plain = |entries: &[Entry]| rmp_serde::to_vec(entries).unwrap();
    assert_eq!(plain(&back.entries), plain(&request.entries));
}

#[test]
fn answers_to_appends_read_back() {
    let answers: [Appended; 4] = [
        Ok(None),
        Ok(Some(log_id(4, 9))),
        Err(StreamAppendError::Conflict(log_id(4, 9))),
        Err(StreamAppendError::HigherVote(Vote::new_committed(5, 2))),
    ];
    for answer in answers {
        assert_eq!(decode_appended(encode_appended(&answer)).unwrap(), answer);
    }
}

#[test]
fn a_frame_cut_anywhere_is_an_error() {
    let frame = encode_append(&append()).unwrap();
    for length in 0..frame.len() {
        assert!(decode_append(frame.slice(..length)).is_err(), "{length} of {} bytes", frame.len());
    }
}
