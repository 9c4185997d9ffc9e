//! Cycles of dependencies and their names, after Adya: the worst kind first, the smallest of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::graph::{Edge, Graph, Why};

/// An anomaly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cycle {
    /// `G0`, `G1c`, `G-single`, `G2`; with `-realtime` when only real time closes the circle.
    pub name: &'static str,
    pub edges: Vec<Edge>,
}

/// From how many members of one knot a cycle is looked for: enough to be small, few enough to be quick.
const STARTS: usize = 400;

/// One cycle for each knot of the graph.
#[must_use]
pub fn cycles(graph: &Graph) -> Vec<Cycle> {
    graph.knots().iter().filter_map(|knot| worst(graph, knot)).collect()
}

/// The kinds in the order of severity: name, how many anti-dependencies, whether real time counts.
const KINDS: [(&str, Anti, bool); 8] = [
    ("G0", Anti::NoneNoRead, false),
    ("G1c", Anti::None, false),
    ("G-single", Anti::One, false),
    ("G2", Anti::Any, false),
    ("G0-realtime", Anti::NoneNoRead, true),
    ("G1c-realtime", Anti::None, true),
    ("G-single-realtime", Anti::One, true),
    ("G2-realtime", Anti::Any, true),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Anti {
    /// Only writes follow writes.
    NoneNoRead,
    None,
    One,
    Any,
}

fn worst(graph: &Graph, knot: &BTreeSet<usize>) -> Option<Cycle> {
    KINDS.iter().find_map(|(name, anti, real_time)| {
        let allowed = |edge: &Edge| {
            knot.contains(&edge.to)
                && match edge.why {
                    Why::WriteWrite => true,
                    Why::WriteRead => *anti != Anti::NoneNoRead,
                    Why::ReadWrite => *anti == Anti::Any,
                    Why::RealTime => *real_time,
                }
        };
        let found =
            if *anti == Anti::One { with_one_anti(graph, knot, &allowed) } else { smallest(graph, knot, &allowed) };
        found.map(|edges| Cycle { name, edges })
    })
}

/// The smallest cycle over the allowed edges.
fn smallest(graph: &Graph, knot: &BTreeSet<usize>, allowed: &dyn Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
    let cycles = knot.iter().take(STARTS).filter_map(|start| path(graph, *start, *start, allowed));
    cycles.min_by_key(Vec::len)
}

/// The smallest cycle of one anti-dependency and a way back over the allowed edges.
fn with_one_anti(graph: &Graph, knot: &BTreeSet<usize>, allowed: &dyn Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
    let edges = knot.iter().flat_map(|node| graph.from(*node));
    let anti = edges.filter(|edge| edge.why == Why::ReadWrite && knot.contains(&edge.to));
    let cycles = anti.take(STARTS).filter_map(|edge| {
        let mut cycle = vec![edge.clone()];
        cycle.extend(path(graph, edge.to, edge.from, allowed)?);
        Some(cycle)
    });
    cycles.min_by_key(Vec::len)
}

/// A shortest way of at least one edge.
fn path(graph: &Graph, from: usize, to: usize, allowed: &dyn Fn(&Edge) -> bool) -> Option<Vec<Edge>> {
    let mut came: BTreeMap<usize, &Edge> = BTreeMap::new();
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        for edge in graph.from(node).iter().filter(|edge| allowed(edge)) {
            if edge.to == to {
                let mut edges = vec![edge.clone()];
                let mut at = node;
                while at != from {
                    let edge = came[&at];
                    edges.push(edge.clone());
                    at = edge.from;
                }
                edges.reverse();
                return Some(edges);
            }
            if edge.to != from && !came.contains_key(&edge.to) {
                came.insert(edge.to, edge);
                queue.push_back(edge.to);
            }
        }
    }
    None
}
