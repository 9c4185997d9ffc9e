//! Rule 2: a NACK is error_detail, and is followed by silence until there is something new.

use crate::script::script;

#[test]
fn nothing_follows_a_nack_until_new_config_delta() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds nack=n1:bad
        > cds
        # Nobody was named: what changed goes first, then the others one by one.
        offer +cds/b=2
        < n2 cds b=2
        > cds ack=n2
        < n3 cds a=1
        > cds nack=n3:bad
        # Refused alone: it is the culprit, and stays away until it changes.
        offer +cds/b=3
        < n4 cds b=3
        > cds ack=n4
        settled
        offer +cds/a=2
        < n5 cds a=2
        > cds ack=n5
        settled cds",
    );
}

#[test]
fn nothing_follows_a_nack_until_new_config_sotw() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds nack=n1:bad
        > cds nack=n1:bad
        offer +cds/b=2
        < n2 cds a=1 b=2
        > cds ack=n2
        settled cds",
    );
}

#[test]
fn what_a_nack_names_is_kept_back_and_the_rest_tried_again() {
    script(
        "delta
        offer 1 | cds/a=1 cds/bad=1 cds/c=1
        > cds
        < n1 cds a=1 bad=1 c=1
        > cds nack=n1:cluster(bad)-is-odd
        offer +cds/d=1
        < n2 cds a=1 c=1 d=1
        > cds ack=n2
        settled
        offer +cds/bad=2
        < n3 cds bad=2
        > cds ack=n3
        settled cds",
    );
}

#[test]
fn the_whole_goes_without_what_was_refused_by_name_sotw() {
    script(
        "sotw
        offer 1 | lds/a=1 lds/b=1
        > lds
        < n1 lds a=1 b=1
        > lds ack=n1
        # The last good b stays, the bad c is left out.
        offer +lds/b=2 +lds/c=2
        < n2 lds a=1 b=2 c=2
        > lds nack=n2:listener(b),(c)
        offer +lds/a=2
        < n3 lds a=2 b=1
        > lds ack=n3
        settled
        offer +lds/b=3 -lds/c
        < n4 lds a=2 b=3
        > lds ack=n4
        settled lds",
    );
}

#[test]
fn a_new_subscription_ends_the_silence() {
    script(
        "delta
        offer 1 | eds/a=1 eds/b=1 eds/c=1
        > eds +a +b
        < n1 eds a=1 b=1
        > eds nack=n1:bad
        > eds +c
        < n2 eds c=1
        > eds ack=n2
        < n3 eds a=1
        > eds ack=n3
        < n4 eds b=1
        > eds ack=n4
        settled eds",
    );
    script(
        "sotw
        offer 1 | eds/a=1 eds/b=1
        > eds a
        < n1 eds a=1
        > eds a nack=n1:bad
        > eds a b
        < n2 eds b=1
        > eds a b ack=n2
        settled",
    );
}

#[test]
fn asking_for_a_refused_name_again_sends_it_again() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a
        < n1 eds a=1
        > eds nack=n1:bad
        > eds +a
        < n2 eds a=1
        > eds ack=n2
        settled eds",
    );
}

#[test]
fn a_nack_is_not_inferred_from_an_old_version() {
    // Envoy acknowledges with the version it has; here it stays at an older one, without an error.
    script(
        "sotw
        offer 1 | cds/a=1
        > cds
        < n1 cds a=1
        > cds ack=n1 version:older
        settled cds
        offer +cds/a=2
        < n2 cds a=2",
    );
}

#[test]
fn a_change_during_the_flight_counts_as_new() {
    script(
        "delta
        offer 1 | cds/a=1
        > cds
        < n1 cds a=1
        offer +cds/b=1
        > cds nack=n1:bad
        < n2 cds b=1
        > cds ack=n2
        settled",
    );
}

#[test]
fn no_loop_of_nacks() {
    // Each refusal takes one name out of the game, so a client that refuses everything is left alone.
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds nack=n1:no
        offer +cds/c=1
        < n2 cds c=1
        > cds nack=n2:no
        < n3 cds a=1
        > cds nack=n3:no
        < n4 cds b=1
        > cds nack=n4:no
        > cds",
    );
}
