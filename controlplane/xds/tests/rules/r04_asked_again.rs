//! Rule 4: who asks anew is answered, though nothing changed.

use crate::script::script;

#[test]
fn delta_a_name_subscribed_again_is_answered_again() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a
        < n1 eds a=1
        > eds ack=n1
        > eds +a
        < n2 eds a=1
        > eds ack=n2
        settled eds",
    );
}

#[test]
fn delta_a_name_dropped_and_wanted_back_is_answered() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a
        < n1 eds a=1
        > eds ack=n1
        > eds -a
        > eds +a
        < n2 eds a=1",
    );
}

#[test]
fn delta_a_name_subscribed_in_the_ack_is_answered() {
    script(
        "delta
        offer 1 | eds/a=1 eds/b=1
        > eds +a
        < n1 eds a=1
        > eds +a +b ack=n1
        < n2 eds a=1 b=1",
    );
}

#[test]
fn sotw_a_name_dropped_and_wanted_back_is_answered() {
    script(
        "sotw
        offer 1 | eds/a=1 eds/b=1
        > eds a b
        < n1 eds a=1 b=1
        > eds a b ack=n1
        > eds b ack=n1
        > eds a b ack=n1
        < n2 eds a=1",
    );
}

#[test]
fn sotw_a_new_name_of_a_whole_type_is_answered_with_the_whole() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1 cds/c=1
        > cds a
        < n1 cds a=1
        > cds a b ack=n1
        < n2 cds a=1 b=1
        > cds a b ack=n2
        > cds b ack=n2
        > cds a b ack=n2
        < n3 cds a=1 b=1",
    );
}

#[test]
fn delta_the_wildcard_asked_for_again_is_answered() {
    script(
        "delta
        offer 1 | cds/a=1
        > cds +*
        < n1 cds a=1
        > cds ack=n1
        > cds +*
        < n2 cds
        > cds ack=n2
        settled cds",
    );
}
