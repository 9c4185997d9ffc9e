//! The nodes of a chain as a graph.

use std::collections::{BTreeMap, BTreeSet};

use super::{CompiledSplit, Node, NodeKind, SHARES_MAX, Target};

/// No way through the nodes comes back to where it was.
pub(super) fn refuse_circles(nodes: &BTreeMap<String, Node>, start: &str) -> Result<(), String> {
    let mut done = BTreeSet::new();
    walk(nodes, start, &mut Vec::new(), &mut done)
}

fn walk<'a>(
    nodes: &'a BTreeMap<String, Node>,
    key: &'a str,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Result<(), String> {
    if let Some(first) = way.iter().position(|earlier| *earlier == key) {
        return Err(format!("detected circular reference: [{} -> {key}]", way[first..].join(" -> ")));
    }
    if !done.insert(key) {
        return Ok(());
    }
    way.push(key);
    for next in nodes.get(key).into_iter().flat_map(Node::next) {
        // A node that was left for good is on no way any more; one that is on this way is a circle.
        if way.contains(&next) || !done.contains(next) {
            walk(nodes, next, way, done)?;
        }
    }
    way.pop();
    Ok(())
}

/// A split that leads to a splitter is replaced by its shares.
///
/// # Errors
/// There are too many of them.
pub(super) fn flatten(nodes: &mut BTreeMap<String, Node>) -> Result<(), String> {
    let splitters: Vec<String> =
        nodes.iter().filter(|(_, node)| node.kind == NodeKind::Splitter).map(|(key, _)| key.clone()).collect();
    for key in splitters {
        let splits = nodes.get(&key).map(|node| shares(nodes, &node.splits)).transpose()?;
        if let Some(node) = nodes.get_mut(&key) {
            node.splits = splits.unwrap_or_default();
        }
    }
    Ok(())
}

fn shares(nodes: &BTreeMap<String, Node>, splits: &[CompiledSplit]) -> Result<Vec<CompiledSplit>, String> {
    let mut all = Vec::new();
    for split in splits {
        match nodes.get(&split.next_node).filter(|node| node.kind == NodeKind::Splitter) {
            None => all.push(split.clone()),
            Some(next) => {
                let scaled =
                    |inner: CompiledSplit| CompiledSplit { weight: scale(split.weight, inner.weight), ..inner };
                all.extend(shares(nodes, &next.splits)?.into_iter().map(scaled));
            }
        }
        if all.len() > SHARES_MAX {
            return Err(format!("comes to more than {SHARES_MAX} splits"));
        }
    }
    Ok(all)
}

/// A percentage of a percentage, in hundredths of a percent.
fn scale(outer: f64, inner: f64) -> f64 {
    (outer * inner).round() / 100.0
}

/// Leaves what can be reached.
pub(super) fn drop_unused(nodes: &mut BTreeMap<String, Node>, targets: &mut BTreeMap<String, Target>, start: &str) {
    let mut used = BTreeSet::new();
    let mut ahead = vec![start.to_owned()];
    while let Some(key) = ahead.pop() {
        if used.insert(key.clone()) {
            ahead.extend(nodes.get(&key).into_iter().flat_map(Node::next).map(str::to_owned));
        }
    }
    nodes.retain(|key, _| used.contains(key));
    let resolvers = nodes.values().filter_map(|node| node.resolver.as_ref());
    let kept: BTreeSet<&String> = resolvers
        .flat_map(|resolver| {
            [&resolver.target].into_iter().chain(resolver.failover.iter().flat_map(|failover| &failover.targets))
        })
        .collect();
    targets.retain(|id, _| kept.contains(id));
}
