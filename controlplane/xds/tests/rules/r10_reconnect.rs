//! Rule 10: a client that comes back is sent what differs.

use crate::script::script;

#[test]
fn delta_only_what_differs_and_what_is_gone() {
    script(
        "delta
        offer 1 | cds/a=1 cds/b=2 cds/c=1
        > cds held:a=1 held:b=1 held:old=1
        < n1 cds b=2 c=1 -old
        > cds ack=n1
        settled cds",
    );
    script(
        "delta
        offer 1 | eds/a=1 eds/b=2 eds/c=1
        > eds +a +b +c +old +new held:a=1 held:b=1 held:old=1
        < n1 eds b=2 c=1 -new -old",
    );
}

#[test]
fn delta_nothing_when_nothing_differs() {
    script(
        "delta
        offer 1 | cds/a=1>eds/a eds/a=1 lds/l=1>rds/r rds/r=1>cds/a sds/leaf=1
        > cds held:a=1
        > eds +a held:a=1
        > lds held:l=1
        > rds +r held:r=1
        > sds +leaf held:leaf=1
        settled sds cds eds lds rds",
    );
}

#[test]
fn delta_versions_that_are_not_ours_are_replaced() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a held:a=something-else
        < n1 eds a=1",
    );
}

#[test]
fn delta_what_is_kept_but_not_wanted_is_left_alone() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds +a held:a=1 held:b=1
        settled eds
        offer +eds/b=2",
    );
}

#[test]
fn delta_versions_in_a_later_request_are_not_read() {
    script(
        "delta
        offer 1 | eds/a=1
        > eds
        > eds +a held:a=1
        < n1 eds a=1",
    );
}

#[test]
fn sotw_endpoints_routes_and_secrets_are_answered_whatever_version_they_come_with() {
    script(
        "sotw
        offer 1 | eds/a=1 rds/r=1 sds/leaf=1
        > eds a version:offered
        < n1 eds a=1
        > rds r version:offered
        < n2 rds r=1
        > sds leaf version:offered
        < n3 sds leaf=1",
    );
}

#[test]
fn sotw_an_equal_whole_is_not_sent_again() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1 lds/l=1
        > cds version:offered
        > lds version:offered
        settled cds lds
        offer +cds/a=2
        < n1 cds a=2 b=1",
    );
}

#[test]
fn sotw_a_different_whole_is_sent() {
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1
        > cds version:older
        < n1 cds a=1 b=1",
    );
    script(
        "sotw
        offer 1 | cds/a=1 cds/b=1
        # The same version, but of more than what is asked for now.
        > cds a version:offered
        < n1 cds a=1",
    );
}

#[test]
fn sotw_after_clusters_were_answered_the_endpoints_are_answered_again() {
    script(
        "sotw
        offer 1 | cds/a=1>eds/a eds/a=1
        > cds ; eds a
        < n1 cds a=1
        < n2 eds a=1
        > cds ack=n1
        > eds a ack=n2
        offer +cds/a=2>eds/a
        < n3 cds a=2
        < n4 eds a=1
        # What Envoy asks on its own while n4 is under way speaks of n2, and is void.
        > eds a ack=n2
        > eds a ack=n4
        > cds ack=n3
        settled cds eds",
    );
}

#[test]
fn delta_endpoints_of_a_cluster_that_changed_meanwhile_are_answered_though_kept() {
    for first in ["cds held:a=1 ; eds +a held:a=1", "eds +a held:a=1 ; cds held:a=1"] {
        script(&format!(
            "delta
            offer 1 | cds/a=2>eds/a eds/a=1
            > {first}
            < n1 cds a=2
            < n2 eds a=1"
        ));
    }
    script(
        "delta
        offer 1 | cds/a=2>eds/a eds/a=1
        > cds held:a=1
        < n1 cds a=2
        > eds +a held:a=1
        < n2 eds a=1",
    );
}
