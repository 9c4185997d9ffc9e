//! Rule 13: nothing is sent that was composed for an older subscription or an older set.

use crate::script::script;

#[test]
fn changes_during_a_flight_coalesce_to_the_newest() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1
            > cds
            < n1 cds a=1
            offer +cds/a=2
            offer +cds/a=3
            offer +cds/a=4 +cds/b=1
            > cds ack=n1
            < n2 cds a=4 b=1
            > cds ack=n2
            settled cds"
        ));
    }
}

#[test]
fn a_name_dropped_during_a_flight_is_not_pushed() {
    script(
        "delta
        offer 1 | eds/a=1 eds/b=1
        > eds +a +b
        < n1 eds a=1 b=1
        offer +eds/a=2
        > eds -a
        > eds ack=n1
        settled eds
        offer +eds/a=3
        > eds +a
        < n2 eds a=3",
    );
    script(
        "sotw
        offer 1 | eds/a=1 eds/b=1
        > eds a b
        < n1 eds a=1 b=1
        offer +eds/a=2
        > eds b ack=n1
        settled eds",
    );
}

#[test]
fn a_verdict_on_a_dropped_name_does_not_bring_it_back() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a
        < n1 eds a=1
        > eds -a
        > eds ack=n1
        > eds +a
        < n2 eds a=1",
    );
}

#[test]
fn a_name_dropped_and_wanted_again_during_a_flight_is_answered_after_it() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a
        < n1 eds a=1
        > eds -a
        > eds +a
        > eds ack=n1
        < n2 eds a=1",
    );
}
