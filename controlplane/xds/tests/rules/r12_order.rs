//! Rule 12: clusters, endpoints, listeners, routes, and removals last: make before break.

use crate::script::script;

const NEW_UPSTREAM: &str = "
    offer 1 | cds/a=1>eds/a eds/a=1 lds/l=1>rds/r rds/r=1>cds/a
    > cds
    < n1 cds a=1
    > eds A ; cds ack=n1
    < n2 eds a=1
    > lds ; eds A ack=n2
    < n3 lds l=1
    > rds R ; lds ack=n3
    < n4 rds r=1
    > rds R ack=n4
    settled cds eds lds rds
";

#[test]
fn make_before_break_delta() {
    let start = NEW_UPSTREAM.replace("eds A ack", "eds ack").replace("rds R ack", "rds ack");
    let start = start.replace("eds A", "eds +a").replace("rds R", "rds +r");
    script(&format!(
        "delta
        {start}
        # The route moves from a to b: nothing but the new cluster may go first.
        offer 2 | cds/b=1>eds/b eds/b=1 lds/l=1>rds/r rds/r=2>cds/b
        < n5 cds b=1
        > eds +b
        < n6 eds b=1
        > eds ack=n6
        > cds ack=n5
        < n7 rds r=2
        > rds ack=n7
        < n8 cds -a
        > eds -a
        > cds ack=n8
        settled cds eds lds rds"
    ));
}

#[test]
fn make_before_break_sotw() {
    let start = NEW_UPSTREAM.replace("eds A", "eds a").replace("rds R", "rds r");
    script(&format!(
        "sotw
        {start}
        # The old cluster is repeated until nothing can point to it.
        offer 2 | cds/b=1>eds/b eds/b=1 lds/l=1>rds/r rds/r=2>cds/b
        < n5 cds b=1 a=1
        > eds a b ack=n2
        < n6 eds b=1
        > eds a b ack=n6
        > cds ack=n5
        < n7 rds r=2
        > rds r ack=n7
        < n8 cds b=1
        > eds b ack=n6
        > cds ack=n8
        settled cds eds lds rds"
    ));
}

#[test]
fn all_at_once_comes_in_order() {
    script(
        "delta
        offer 1 | sds/leaf=1 cds/a=1>eds/a eds/a=1 lds/l=1>rds/r rds/r=1
        > rds +r ; lds ; eds +a ; cds ; sds +leaf
        < n1 sds leaf=1
        < n2 cds a=1
        < n3 eds a=1
        < n4 lds l=1
        < n5 rds r=1",
    );
}

#[test]
fn a_listener_waits_for_its_cluster_to_be_acknowledged() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1 lds/l=1>cds/a
            > lds ; cds
            < n1 cds a=1
            > cds ack=n1
            < n2 lds l=1"
        ));
    }
}

#[test]
fn a_listener_that_points_elsewhere_does_not_wait() {
    script(
        "delta
        offer 1 | cds/local=1 lds/public=1>cds/local
        > cds ; lds
        < n1 cds local=1
        > cds ack=n1
        < n2 lds public=1
        > lds ack=n2
        # A deny must not wait for somebody's new upstream.
        offer +cds/new=1 +lds/out=1>cds/new +lds/public=2>cds/local
        < n3 cds new=1
        < n4 lds public=2
        > lds ack=n4
        > cds ack=n3
        < n5 lds out=1",
    );
}

#[test]
fn a_changed_cluster_holds_up_nothing() {
    script(
        "delta
        offer 1 | cds/a=1 lds/l=1>cds/a
        > cds ; lds
        < n1 cds a=1
        > cds ack=n1
        < n2 lds l=1
        > lds ack=n2
        offer +cds/a=2 +lds/l=2>cds/a
        < n3 cds a=2
        < n4 lds l=2",
    );
}

#[test]
fn a_cluster_on_its_way_out_is_no_cluster_to_point_to() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1 cds/z=1 lds/l=1
            > cds ; lds
            < n1 cds a=1 z=1
            < n2 lds l=1
            > cds ack=n1 ; lds ack=n2
            offer -cds/a
            < n3 cds {gone}
            # It comes back while its removal is under way.
            offer +cds/a=1 +lds/l=2>cds/a
            > cds ack=n3
            < n4 cds {back}
            > cds ack=n4
            < n5 lds l=2",
            gone = if face == "delta" { "-a" } else { "z=1" },
            back = if face == "delta" { "a=1" } else { "a=1 z=1" },
        ));
    }
}

#[test]
fn clusters_that_are_not_ours_are_not_waited_for() {
    script(
        "delta
        offer 1 | cds/a=1 lds/l=1>cds/static
        > cds ; lds
        < n1 cds a=1
        < n2 lds l=1",
    );
    script(
        "delta
        offer 1 | cds/a=1 lds/l=1>cds/a
        > lds
        < n1 lds l=1",
    );
}

#[test]
fn secrets_wait_for_nothing() {
    script(
        "delta
        offer 1 | sds/leaf=1 cds/a=1>eds/a
        > cds ; sds +leaf
        < n1 sds leaf=1
        < n2 cds a=1
        > sds ack=n1
        offer +sds/leaf=2
        < n3 sds leaf=2",
    );
}
