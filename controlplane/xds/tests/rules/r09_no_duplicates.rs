//! Rule 9: a name comes once in a response; dropping what is not there does nothing.

use crate::script::script;

#[test]
fn a_name_asked_for_twice_comes_once() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a +a ; eds +a
        < n1 eds a=1",
    );
    script(
        "delta
        offer 1 | cds/a=1
        > cds +* +a +*
        < n1 cds a=1",
    );
    script(
        "sotw
        offer 1 | eds/a=1 cds/a=1
        > eds a a
        < n1 eds a=1
        > cds * a a
        < n2 cds a=1",
    );
}

#[test]
fn dropping_what_is_not_there_does_nothing() {
    script(
        "delta
        offer 1 | eds/a=1 cds/a=1
        > eds -a -b
        > eds +a -b
        < n1 eds a=1
        > eds -b ack=n1
        > cds
        < n2 cds a=1
        > cds -a ack=n2
        settled cds eds",
    );
}

#[test]
fn subscribing_and_dropping_in_one_request_means_dropping() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a -a
        offer +eds/a=2",
    );
}
