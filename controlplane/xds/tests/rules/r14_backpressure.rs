//! Rule 14, as far as a session decides: one response without a verdict per type, and split messages.
//! Stalled readers and slow neighbours are in the tests of the service.

use weft_xds::session::Limits;

use crate::script::{script, script_within};

fn small() -> Limits {
    Limits { message_bytes: 260, message_bytes_max: 400, ..Limits::default() }
}

#[test]
fn one_response_per_type_waits_for_its_verdict() {
    script(
        "delta
        offer 1 | eds/a=1 cds/c=1
        > eds +a
        < n1 eds a=1
        offer +eds/a=2
        offer +eds/a=3
        # Another type is not held up.
        > cds
        < n2 cds c=1
        > eds ack=n1
        < n3 eds a=3",
    );
}

#[test]
fn large_answers_are_split_delta() {
    script_within(
        "delta
        offer 1 | cds/a=1 cds/b=1 cds/c=1 cds/d=1 cds/e=1
        > cds
        < n1 cds a=1 b=1 c=1
        > cds ack=n1
        < n2 cds d=1 e=1
        > cds ack=n2
        settled cds",
        small(),
    );
}

#[test]
fn large_answers_are_split_where_sotw_allows_it() {
    script_within(
        "sotw
        offer 1 | eds/a=1 eds/b=1 eds/c=1 eds/d=1
        > eds a b c d
        < n1 eds a=1 b=1
        > eds a b c d ack=n1
        < n2 eds c=1 d=1
        > eds a b c d ack=n2
        settled eds",
        small(),
    );
}

#[test]
fn the_rest_of_a_split_answer_is_the_newest() {
    script_within(
        "delta
        offer 1 | cds/a=1 cds/b=1 cds/c=1 cds/d=1 cds/e=1
        > cds
        < n1 cds a=1 b=1 c=1
        offer -cds/d +cds/e=2 +cds/a=2
        > cds ack=n1
        < n2 cds a=2 e=2",
        small(),
    );
}

#[test]
fn a_resource_that_no_message_can_hold_fails_alone() {
    let long = "x".repeat(500);
    script_within(
        &format!(
            "delta
            offer 1 | cds/a=1 cds/large={long} cds/z=1
            > cds
            < n1 cds a=1 z=1
            > cds ack=n1
            settled
            offer +cds/large=1
            < n2 cds large=1
            > cds ack=n2
            settled cds"
        ),
        small(),
    );
}
