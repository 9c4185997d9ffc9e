//! Rule 19, as far as a session decides: a stream sees its own set and nothing else.

use crate::script::script;

#[test]
fn names_outside_the_set_do_not_exist() {
    script(
        "delta
        offer 1 | sds/leaf=1
        > sds +leaf +other-leaf +kubernetes://other +../leaf +*
        < n1 sds leaf=1 -* -../leaf -kubernetes://other -other-leaf",
    );
    script(
        "sotw
        offer 1 | sds/leaf=1
        > sds leaf other-leaf kubernetes://other ../leaf *
        < n1 sds leaf=1",
    );
}

#[test]
fn what_leaves_the_set_is_taken_away() {
    script(
        "delta
        offer 1 | sds/leaf=1 cds/a=1
        > sds +leaf ; cds
        < n1 sds leaf=1
        < n2 cds a=1
        > sds ack=n1 ; cds ack=n2
        offer 2 |
        < n3 cds -a
        > cds ack=n3
        < n4 sds -leaf",
    );
}
