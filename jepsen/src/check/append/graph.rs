//! Which transaction must come before which, and why.

use std::collections::{BTreeMap, BTreeSet};

use super::txn::{Status, Txn};
use super::versions::Versions;

/// Why one comes before the other. The order is that of severity: a cycle of early kinds is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Its append was overwritten (followed) by the other's.
    WriteWrite,
    /// The other read its append.
    WriteRead,
    /// It read the list without the other's append.
    ReadWrite,
    /// It was over before the other began.
    RealTime,
}

/// A dependency between two transactions, by position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: usize,
    pub to: usize,
    pub why: Why,
    /// The list that shows it; empty for real time.
    pub key: String,
}

/// All dependencies of a history.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    pub out: BTreeMap<usize, Vec<Edge>>,
}

impl Graph {
    /// Dependencies through lists and through time.
    #[must_use]
    pub fn of(txns: &[Txn], versions: &Versions) -> Self {
        let mut edges: BTreeSet<Edge> = BTreeSet::new();
        let mut add = |from: usize, to: usize, why: Why, key: &str| {
            if from != to {
                edges.insert(Edge { from, to, why, key: key.to_owned() });
            }
        };
        let writer = |key: &str, value: &u64| versions.writer.get(&(key.to_owned(), *value)).copied();
        for (key, order) in &versions.order {
            for pair in order.windows(2) {
                if let (Some(from), Some(to)) = (writer(key, &pair[0]), writer(key, &pair[1])) {
                    add(from, to, Why::WriteWrite, key);
                }
            }
        }
        for (at, txn) in txns.iter().enumerate().filter(|(_, txn)| txn.status == Status::Committed) {
            for (key, list) in txn.foreign_reads() {
                if let Some(from) = list.last().and_then(|last| writer(key, last)) {
                    add(from, at, Why::WriteRead, key);
                }
                let order = &versions.order[key];
                let next = order.starts_with(list).then(|| order.get(list.len())).flatten();
                if let Some(to) = next.and_then(|next| writer(key, next)) {
                    add(at, to, Why::ReadWrite, key);
                }
            }
        }
        for (from, to) in real_time(txns, versions) {
            add(from, to, Why::RealTime, "");
        }
        let mut graph = Self::default();
        for edge in edges {
            graph.out.entry(edge.from).or_default().push(edge);
        }
        graph
    }

    /// The dependencies that start there.
    #[must_use]
    pub fn from(&self, node: usize) -> &[Edge] {
        self.out.get(&node).map_or(&[], Vec::as_slice)
    }

    /// Groups of transactions that all depend on each other (Tarjan's strongly connected components, those with
    /// more than one member).
    #[must_use]
    pub fn knots(&self) -> Vec<BTreeSet<usize>> {
        Tarjan::run(self)
    }
}

/// Who was over before who began, without what follows from others: each new transaction depends on those that
/// ended and were not followed by one that ended as well.
fn real_time(txns: &[Txn], versions: &Versions) -> Vec<(usize, usize)> {
    let mut marks: Vec<(u64, bool, usize)> = Vec::new();
    for (at, txn) in txns.iter().enumerate().filter(|(_, txn)| versions.took_effect(txn)) {
        marks.push((txn.invoke_ns, false, at));
        marks.extend(txn.return_ns.filter(|_| txn.status == Status::Committed).map(|ns| (ns, true, at)));
    }
    // At the same instant they overlap: begins come first.
    marks.sort_unstable();
    let mut edges = Vec::new();
    let mut frontier: Vec<usize> = Vec::new();
    for (_, ends, at) in marks {
        if ends {
            frontier.retain(|earlier| txns[*earlier].return_ns.is_none_or(|ns| ns >= txns[at].invoke_ns));
            frontier.push(at);
        } else {
            edges.extend(frontier.iter().map(|earlier| (*earlier, at)));
        }
    }
    edges
}

/// Tarjan's algorithm with a stack of its own: histories are deeper than a thread's stack.
struct Tarjan<'a> {
    graph: &'a Graph,
    index: BTreeMap<usize, usize>,
    low: BTreeMap<usize, usize>,
    open: Vec<usize>,
    is_open: BTreeSet<usize>,
    knots: Vec<BTreeSet<usize>>,
}

impl<'a> Tarjan<'a> {
    fn run(graph: &'a Graph) -> Vec<BTreeSet<usize>> {
        let (index, low) = (BTreeMap::new(), BTreeMap::new());
        let mut run = Self { graph, index, low, open: Vec::new(), is_open: BTreeSet::new(), knots: Vec::new() };
        for node in graph.out.keys() {
            if !run.index.contains_key(node) {
                run.visit(*node);
            }
        }
        run.knots
    }

    fn visit(&mut self, root: usize) {
        let mut calls: Vec<(usize, usize)> = vec![(root, 0)];
        self.enter(root);
        while let Some((node, next)) = calls.last_mut() {
            let node = *node;
            let edge = self.graph.from(node).get(*next).map(|edge| edge.to);
            *next += 1;
            match edge {
                Some(to) if !self.index.contains_key(&to) => {
                    self.enter(to);
                    calls.push((to, 0));
                }
                Some(to) => {
                    if self.is_open.contains(&to) {
                        self.lower(node, self.index[&to]);
                    }
                }
                None => {
                    calls.pop();
                    if let Some((parent, _)) = calls.last() {
                        self.lower(*parent, self.low[&node]);
                    }
                    self.close(node);
                }
            }
        }
    }

    fn enter(&mut self, node: usize) {
        let at = self.index.len();
        self.index.insert(node, at);
        self.low.insert(node, at);
        self.open.push(node);
        self.is_open.insert(node);
    }

    fn lower(&mut self, node: usize, to: usize) {
        if let Some(low) = self.low.get_mut(&node) {
            *low = (*low).min(to);
        }
    }

    fn close(&mut self, node: usize) {
        if self.low[&node] != self.index[&node] {
            return;
        }
        let mut knot = BTreeSet::new();
        while let Some(member) = self.open.pop() {
            self.is_open.remove(&member);
            knot.insert(member);
            if member == node {
                break;
            }
        }
        if knot.len() > 1 {
            self.knots.push(knot);
        }
    }
}
