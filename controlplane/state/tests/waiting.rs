//! Readers that wait: who is woken by what is published, and who is not.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::yield_now;
use weft_model::Topic;
use weft_state::{Changes, State, Store, Subscription};

fn topics<const N: usize>(topics: [Topic; N]) -> BTreeSet<Topic> {
    BTreeSet::from(topics)
}

fn store() -> Arc<Store> {
    Store::new(State::default()).0
}

fn touch<const N: usize>(store: &Store, touched: [Topic; N]) {
    store.publish(Arc::default(), &Changes(topics(touched)));
}

/// What the subscription has been woken by so far, without waiting.
async fn woken(subscription: &mut Subscription) -> Option<BTreeSet<Topic>> {
    tokio::select! {
        biased;
        fired = subscription.changed() => Some(fired),
        () = yield_now() => None,
    }
}

#[tokio::test]
async fn a_reader_is_woken_by_its_topics_only_and_told_which() {
    let store = store();
    let mut reader = store.subscribe(topics([Topic::Ca, Topic::Nodes]));
    touch(&store, [Topic::Checks]);
    assert_eq!(woken(&mut reader).await, None);
    touch(&store, [Topic::Ca, Topic::Checks]);
    touch(&store, [Topic::Nodes]);
    assert_eq!(woken(&mut reader).await, Some(topics([Topic::Ca, Topic::Nodes])));
    assert_eq!(woken(&mut reader).await, None);
}

#[tokio::test]
async fn a_reader_that_is_waiting_already_is_woken() {
    let store = store();
    let mut reader = store.subscribe(topics([Topic::Ca]));
    let waiting = tokio::spawn(async move { reader.changed().await });
    yield_now().await;
    touch(&store, [Topic::Ca]);
    assert_eq!(waiting.await.unwrap(), topics([Topic::Ca]));
}

#[tokio::test]
async fn a_reader_that_watches_other_topics_sleeps_through_the_former_ones() {
    let store = store();
    let mut reader = store.subscribe(topics([Topic::Ca, Topic::Nodes]));
    reader.watch(topics([Topic::Nodes, Topic::Checks]));
    touch(&store, [Topic::Ca]);
    assert_eq!(woken(&mut reader).await, None);
    touch(&store, [Topic::Checks, Topic::Nodes]);
    assert_eq!(woken(&mut reader).await, Some(topics([Topic::Checks, Topic::Nodes])));
}

#[tokio::test]
async fn one_reader_leaving_does_not_disturb_another() {
    let store = store();
    let [leaving, mut staying] = [(); 2].map(|()| store.subscribe(topics([Topic::Ca])));
    drop(leaving);
    touch(&store, [Topic::Ca]);
    assert_eq!(woken(&mut staying).await, Some(topics([Topic::Ca])));
}

#[tokio::test]
async fn a_changed_key_wakes_its_readers_and_those_of_its_prefixes_and_nobody_else() {
    let store = store();
    let mut readers: Vec<_> = [
        Topic::Kv("a/b/c".into()),
        Topic::Kv("a/b".into()),
        Topic::KvPrefix("".into()),
        Topic::KvPrefix("a/".into()),
        Topic::KvPrefix("a/b/c".into()),
        Topic::KvPrefix("a/b/cd".into()),
        Topic::KvPrefix("b/".into()),
    ]
    .map(|topic| (topic.clone(), store.subscribe(topics([topic]))))
    .into();
    touch(&store, [Topic::Kv("a/b/c".into())]);
    let mut told = Vec::new();
    for (topic, reader) in &mut readers {
        if let Some(fired) = woken(reader).await {
            assert_eq!(fired, topics([topic.clone()]));
            told.push(topic.clone());
        }
    }
    let expected = [Topic::Kv("a/b/c".into()), Topic::KvPrefix("".into()), Topic::KvPrefix("a/".into())];
    assert_eq!(told, [&expected[..], &[Topic::KvPrefix("a/b/c".into())]].concat());
}

#[tokio::test]
async fn a_prefix_that_nobody_reads_any_more_is_no_longer_looked_up() {
    let store = store();
    let gone = store.subscribe(topics([Topic::KvPrefix("a".into())]));
    let mut staying = store.subscribe(topics([Topic::KvPrefix("b".into())]));
    drop(gone);
    touch(&store, [Topic::Kv("a".into())]);
    assert_eq!(woken(&mut staying).await, None);
    // Letters of several bytes, cut in their middle by the length of another prefix.
    let mut wide = store.subscribe(topics([Topic::KvPrefix("ää".into())]));
    touch(&store, [Topic::Kv("ääb".into()), Topic::Kv("b€".into())]);
    assert_eq!(woken(&mut wide).await, Some(topics([Topic::KvPrefix("ää".into())])));
    assert_eq!(woken(&mut staying).await, Some(topics([Topic::KvPrefix("b".into())])));
}

#[tokio::test]
async fn a_restore_wakes_everybody() {
    let store = store();
    let mut readers = [Topic::Ca, Topic::Kv("a".into()), Topic::KvPrefix("x".into()), Topic::Sessions]
        .map(|topic| store.subscribe(topics([topic])));
    touch(&store, [Topic::Everything]);
    for reader in &mut readers {
        assert!(woken(reader).await.is_some());
    }
}

#[tokio::test]
async fn what_a_new_leader_commits_first_wakes_its_readers() {
    let store = store();
    let mut reader = store.subscribe(topics([Topic::Nodes]));
    touch(&store, [Topic::Timekeeper]);
    touch(&store, [Topic::Nodes]);
    assert_eq!(woken(&mut reader).await, Some(topics([Topic::Nodes])));
}
