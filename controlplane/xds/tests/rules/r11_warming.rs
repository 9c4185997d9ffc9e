//! Rule 11: a changed parent is followed by its children, though they are the same.

use crate::script::script;

#[test]
fn a_changed_cluster_is_followed_by_its_endpoints() {
    script(
        "delta
        offer 1 | cds/a=1>eds/a cds/b=1>eds/b eds/a=1 eds/b=1
        > cds
        < n1 cds a=1 b=1
        > eds +a +b
        < n2 eds a=1 b=1
        > eds ack=n2 ; cds ack=n1
        offer +cds/a=2>eds/a
        < n3 cds a=2
        < n4 eds a=1
        > eds ack=n4
        > cds ack=n3
        settled cds eds",
    );
}

#[test]
fn endpoints_do_not_wait_for_the_verdict_on_clusters() {
    // Envoy keeps that verdict back until the clusters are warm: waiting for it would be for ever.
    script(
        "delta
        offer 1 | cds/a=1>eds/a eds/a=1
        > cds
        < n1 cds a=1
        > eds +a
        < n2 eds a=1
        > eds ack=n2
        > cds ack=n1",
    );
}

#[test]
fn endpoints_under_another_name_are_found() {
    script(
        "delta
        offer 1 | cds/a=1>eds/service eds/service=1
        > cds
        < n1 cds a=1
        > eds +service ; cds ack=n1
        < n2 eds service=1
        > eds ack=n2
        offer +cds/a=2>eds/service
        < n3 cds a=2
        < n4 eds service=1",
    );
}

#[test]
fn endpoints_in_flight_are_sent_again_after_their_verdict() {
    script(
        "delta
        offer 1 | cds/a=1>eds/a eds/a=1
        > cds ; eds +a
        < n1 cds a=1
        < n2 eds a=1
        > cds ack=n1
        offer +cds/a=2>eds/a
        < n3 cds a=2
        > eds ack=n2
        < n4 eds a=1",
    );
}

#[test]
fn clusters_without_endpoints_of_ours_have_no_children() {
    script(
        "delta
        offer 1 | cds/a=1 eds/a=1
        > cds ; eds +a
        < n1 cds a=1
        < n2 eds a=1
        > cds ack=n1 ; eds ack=n2
        offer +cds/a=2
        < n3 cds a=2",
    );
}

#[test]
fn a_changed_listener_is_followed_by_its_routes() {
    for (face, names) in [("delta", "+r"), ("sotw", "r")] {
        script(&format!(
            "{face}
            offer 1 | lds/l=1>rds/r rds/r=1
            > lds
            < n1 lds l=1
            > rds {names}
            < n2 rds r=1
            > lds ack=n1 ; rds {ack} ack=n2
            offer +lds/l=2>rds/r
            < n3 lds l=2
            < n4 rds r=1",
            ack = names.trim_start_matches('+').replace('r', if face == "sotw" { "r" } else { "" }),
        ));
    }
}

#[test]
fn sotw_only_clusters_that_changed_are_followed() {
    script(
        "sotw
        offer 1 | cds/a=1>eds/a cds/b=1>eds/b eds/a=1 eds/b=1
        > cds
        < n1 cds a=1 b=1
        > eds a b ; cds ack=n1
        < n2 eds a=1 b=1
        > eds a b ack=n2
        offer +cds/b=2>eds/b
        < n3 cds a=1 b=2
        < n4 eds b=1",
    );
}

#[test]
fn a_cluster_asked_for_again_unchanged_has_nothing_to_warm() {
    script(
        "delta
        offer 1 | cds/a=1>eds/a eds/a=1
        > cds +* ; eds +a
        < n1 cds a=1
        < n2 eds a=1
        > cds ack=n1 ; eds ack=n2
        > cds +a
        < n3 cds a=1",
    );
}
