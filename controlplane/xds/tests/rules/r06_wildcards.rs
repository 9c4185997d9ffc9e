//! Rule 6: an empty list means everything only until the first name; `*` says so in words.

use crate::script::script;

#[test]
fn sotw_the_implicit_wildcard_ends_with_the_first_name() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds a ack=n1
        < n2 cds a=1
        > cds a ack=n2
        # Now an empty list means nothing.
        > cds ack=n2
        offer +cds/a=2 +cds/b=2
        settled cds",
    );
}

#[test]
fn sotw_the_explicit_wildcard_stands_beside_names() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1
        > cds *
        < n1 cds a=1 b=1
        > cds * a ack=n1
        < n2 cds a=1 b=1
        > cds * a ack=n2
        > cds a ack=n2
        offer +cds/b=2
        offer +cds/a=2
        < n3 cds a=2
        > cds * a ack=n3
        < n4 cds a=2 b=2",
    );
}

#[test]
fn delta_the_implicit_wildcard_stays_beside_names() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds ack=n1
        > cds +a
        < n2 cds a=1
        > cds ack=n2
        offer +cds/b=2
        < n3 cds b=2",
    );
}

#[test]
fn delta_a_name_first_means_no_wildcard_ever() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1
        > cds +a
        < n1 cds a=1
        > cds ack=n1
        > cds -a
        > cds
        offer +cds/a=2 +cds/b=2",
    );
}

#[test]
fn delta_the_wildcard_can_be_dropped() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds +a ack=n1
        < n2 cds a=1
        > cds -* ack=n2
        offer +cds/b=2
        offer +cds/a=2
        < n3 cds a=2",
    );
}

#[test]
fn delta_a_dropped_name_that_the_wildcard_covers_is_answered() {
    script(
        "delta
        offer 1 | cds/a=1
        > cds +* +a +gone
        < n1 cds a=1 -gone
        > cds ack=n1
        > cds -a -gone
        < n2 cds a=1 -gone
        > cds ack=n2
        settled cds",
    );
}

#[test]
fn only_listeners_and_clusters_have_a_wildcard() {
    script(
        "delta
        offer 1 | sds/leaf=1 eds/a=1 rds/r=1
        > sds
        > eds
        > rds
        > sds +*
        < n1 sds -*
        > eds +*
        < n2 eds -*
        > rds +*
        < n3 rds -*",
    );
    script(
        "sotw
        offer 1 | sds/leaf=1 eds/a=1 rds/r=1
        > sds
        > eds *
        > rds",
    );
}

#[test]
fn types_have_wildcards_of_their_own() {
    script(
        "sotw
        offer 1 | cds/a=1 lds/l=1 lds/m=1
        > cds a
        < n1 cds a=1
        > lds
        < n2 lds l=1 m=1",
    );
}
