//! Rule 8: what does not exist is said to be missing, stays wanted, and comes when it exists.

use crate::script::script;

#[test]
fn delta_a_missing_name_is_answered_and_fires_on_creation() {
    for of in ["eds", "rds", "sds", "cds", "lds"] {
        script(&format!(
            "delta
            offer 1 |
            > {of} +a
            < n1 {of} -a
            > {of} ack=n1
            settled {of}
            offer +{of}/a=1
            < n2 {of} a=1
            > {of} ack=n2
            offer -{of}/a
            < n3 {of} -a
            > {of} ack=n3
            offer +{of}/a=1
            < n4 {of} a=1"
        ));
    }
}

#[test]
fn delta_asking_for_a_missing_name_again_is_answered_once() {
    script(
        "delta
        offer 1 |
        > eds +a
        < n1 eds -a
        > eds ack=n1
        > eds +a
        < n2 eds -a
        > eds ack=n2
        settled eds",
    );
}

#[test]
fn sotw_a_missing_name_comes_when_it_exists() {
    script(
        "sotw
        offer 1 | eds/b=1
        > eds a
        offer +eds/b=2
        offer +eds/a=1
        < n1 eds a=1
        > eds a ack=n1
        settled eds",
    );
    script(
        "sotw
        offer 1 |
        > cds a
        < n1 cds
        > cds a ack=n1
        offer +cds/a=1
        < n2 cds a=1",
    );
}

#[test]
fn the_first_wildcard_answer_is_sent_even_when_empty() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 |
            > cds
            < n1 cds
            > lds
            < n2 lds
            > cds ack=n1
            > lds ack=n2
            settled cds lds
            offer +cds/a=1
            < n3 cds a=1"
        ));
    }
}

#[test]
fn nothing_is_said_before_anything_is_offered() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            > cds
            settled
            offer 3 | cds/a=1
            < n1 cds a=1"
        ));
    }
}
