//! Rule 7: SotW sends listeners and clusters whole and the rest in part; delta sends changes.

use crate::script::script;

#[test]
fn sotw_listeners_and_clusters_are_always_whole() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds ack=n1
        offer +cds/b=2
        < n2 cds a=1 b=2
        > cds ack=n2
        offer -cds/a
        < n3 cds b=2
        > cds ack=n3
        offer -cds/b
        < n4 cds
        > cds ack=n4
        settled cds",
    );
}

#[test]
fn sotw_named_clusters_are_whole_within_their_names() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1 cds/c=1
        > cds a b
        < n1 cds a=1 b=1
        > cds a b ack=n1
        offer +cds/b=2
        < n2 cds a=1 b=2",
    );
}

#[test]
fn sotw_other_types_are_sent_in_part_and_absence_says_nothing() {
    script(
        "sotw
        offer 1 | eds/a=1 eds/b=1
        > eds a b
        < n1 eds a=1 b=1
        > eds a b ack=n1
        offer +eds/b=2
        < n2 eds b=2
        > eds a b ack=n2
        # No message can say that it is gone.
        offer -eds/a
        settled eds
        offer +eds/a=1
        < n3 eds a=1",
    );
}

#[test]
fn delta_says_what_is_gone() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1
        > cds
        < n1 cds a=1 b=1
        > cds ack=n1
        offer -cds/a +cds/b=2
        < n2 cds b=2 -a
        > cds ack=n2
        settled cds",
    );
}
