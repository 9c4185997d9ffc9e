//! Rule 3: SotW, an old nonce voids the request. Delta, it only fails to pair with a response.

use crate::script::script;

#[test]
fn sotw_a_request_with_an_old_nonce_is_void() {
    script(
        "sotw
        offer 1 | eds/a=1 eds/b=1 eds/c=1
        > eds a
        < n1 eds a=1
        > eds a b ack=n1
        < n2 eds b=1
        # Still speaks of n1: void, names and all.
        > eds a b c ack=n1
        > eds a b ack=n2
        > eds a b c ack=n2
        < n3 eds c=1",
    );
}

#[test]
fn sotw_the_newest_request_replaces_the_ones_before() {
    script(
        "sotw
        offer 1 | eds/a=1 eds/b=1 eds/c=1
        > eds a ; eds b c
        < n1 eds b=1 c=1
        > eds b c ack=n1
        offer +eds/a=2
        offer +eds/b=2
        < n2 eds b=2",
    );
}

#[test]
fn sotw_a_void_nack_is_not_heard() {
    script(
        "sotw
        offer 1 | eds/a=1
        > eds a
        < n1 eds a=1
        > eds a ack=n1
        offer +eds/a=2
        < n2 eds a=2
        > eds a nack=n1:bad
        > eds a ack=n2
        settled eds",
    );
}

#[test]
fn delta_subscriptions_count_even_with_a_stale_nonce() {
    script(
        "delta
        offer 1 | eds/a=1 eds/b=1
        > eds +a
        < n1 eds a=1
        > eds ack=n1
        offer +eds/a=2
        < n2 eds a=2
        # Pairs with nothing, subscribes nevertheless; n2 still waits for its verdict.
        > eds +b ack=n1
        > eds ack=n2
        < n3 eds b=1",
    );
}

#[test]
fn a_nonce_of_another_stream_says_nothing() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1
            > cds ack=5-5
            < n1 cds a=1
            > cds ack=n1
            settled cds"
        ));
    }
}
