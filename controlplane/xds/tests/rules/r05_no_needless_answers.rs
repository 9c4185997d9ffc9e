//! Rule 5: an ACK is not answered, and nothing is pushed that the client has.

use crate::script::script;

#[test]
fn an_ack_is_not_answered() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1 lds/l=1
            > cds
            < n1 cds a=1
            > lds
            < n2 lds l=1
            > cds ack=n1
            > lds ack=n2
            > lds ack=n2
            settled cds lds"
        ));
    }
}

#[test]
fn an_equal_set_pushes_nothing() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1 cds/b=1
            > cds
            < n1 cds a=1 b=1
            > cds ack=n1
            offer 9 | cds/b=1 cds/a=1
            offer 10 | cds/a=1 cds/b=1 lds/not-asked-for=1
            settled cds"
        ));
    }
}

#[test]
fn a_change_there_and_back_pushes_nothing() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1
            > cds
            < n1 cds a=1
            offer +cds/a=2
            offer +cds/a=1
            > cds ack=n1
            settled cds"
        ));
    }
}

#[test]
fn a_change_of_what_was_not_asked_for_pushes_nothing() {
    script(
        "delta
        offer 1 | eds/a=1 eds/b=1 rds/r=1
        > eds +a
        < n1 eds a=1
        > eds ack=n1
        offer +eds/b=2 +rds/r=2
        settled eds",
    );
}

#[test]
fn only_what_changed_is_sent_delta() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=1 cds/c=1
        > cds
        < n1 cds a=1 b=1 c=1
        > cds ack=n1
        offer +cds/b=2
        < n2 cds b=2",
    );
}
