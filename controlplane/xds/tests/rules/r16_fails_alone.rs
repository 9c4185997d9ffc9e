//! Rule 16, as far as a session decides: what the client refuses fails alone, the last good stays.

use crate::script::script;

#[test]
fn a_refused_cluster_holds_back_only_what_points_to_it() {
    for face in ["delta", "sotw"] {
        script(&format!(
            "{face}
            offer 1 | cds/bad=1 cds/good=1 lds/one=1>cds/bad lds/two=1>cds/good
            > cds
            < n1 cds bad=1 good=1
            > cds nack=n1:cluster(bad)
            > lds
            < n2 lds two=1
            > lds ack=n2
            offer +cds/bad=2
            < n3 cds bad=2 good=1
            > cds ack=n3
            < n4 lds {rest}
            > lds ack=n4
            settled cds lds",
            rest = if face == "delta" { "one=1" } else { "one=1 two=1" },
        ));
    }
}

#[test]
fn the_last_good_listener_keeps_its_cluster() {
    for (face, both) in [("delta", "b=1"), ("sotw", "b=1 a=1")] {
        script(&format!(
            "{face}
            offer 1 | cds/a=1 lds/l=1>cds/a
            > cds
            < n1 cds a=1
            > cds ack=n1
            > lds
            < n2 lds l=1
            > lds ack=n2
            # The new listener is refused: the old one still points to a.
            offer 2 | cds/b=1 lds/l=2>cds/b
            < n3 cds {both}
            > cds ack=n3
            < n4 lds l=2
            > lds nack=n4:bad
            offer +lds/l=3>cds/b
            < n5 lds l=3
            > lds ack=n5
            < n6 cds {gone}
            > cds ack=n6
            settled cds lds",
            gone = if face == "delta" { "-a" } else { "b=1" },
        ));
    }
}
