//! Wing and Gong's search for a legal order, with Lowe's memo of configurations seen.
//!
//! A configuration is the set of operations placed so far and the state they led to; reaching one twice by
//! another order cannot help. A doubtful operation has no return, so nothing forces it to be placed.

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Instant;

/// What operations mean.
pub trait Model {
    type State: Clone + Eq + Hash;
    type Op;

    /// The state before anything happened.
    fn init(&self) -> Self::State;
    /// The state after the operation; `None`: its answer is impossible in that state.
    fn step(&self, state: &Self::State, op: &Self::Op) -> Option<Self::State>;
}

/// An operation and the time in which it took effect, if at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span<O> {
    pub op: O,
    pub invoke_ns: u64,
    /// `None`: doubtful.
    pub return_ns: Option<u64>,
}

/// What the search found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A legal order of the operations (by position); doubtful ones may be missing.
    Legal(Vec<usize>),
    /// There is none: the longest legal beginning, and the operation that could not be placed after it.
    Stuck { prefix: Vec<usize>, stuck: usize },
    /// The deadline passed.
    OutOfTime,
}

/// Looks for a legal order until the deadline.
pub fn search<M: Model>(model: &M, spans: &[Span<M::Op>], deadline: Instant) -> Found {
    let mut timeline = Timeline::new(spans);
    let mut placed = Placed::new(spans.len());
    let mut seen: HashSet<(Placed, M::State)> = HashSet::new();
    let mut stack: Vec<(usize, M::State)> = Vec::new();
    let mut state = model.init();
    let mut best: (Vec<usize>, usize) = (Vec::new(), 0);
    let mut stuck_once = false;
    let mut at = timeline.first();
    for round in 0_u64.. {
        if round % 1024 == 0 && Instant::now() >= deadline {
            return Found::OutOfTime;
        }
        match at.map(|at| (at, timeline.entries[at])) {
            None => return Found::Legal(order(&stack)),
            Some((entry, Entry::Call(op))) => {
                let next = model.step(&state, &spans[op].op);
                at = timeline.next(entry);
                if let Some(next) = next {
                    placed.insert(op);
                    if seen.insert((placed.clone(), next.clone())) {
                        stack.push((op, std::mem::replace(&mut state, next)));
                        timeline.lift(op);
                        at = timeline.first();
                    } else {
                        placed.remove(op);
                    }
                }
            }
            Some((_, Entry::Return(op))) => {
                if !stuck_once || stack.len() > best.0.len() {
                    best = (order(&stack), op);
                    stuck_once = true;
                }
                let Some((last, before)) = stack.pop() else {
                    return Found::Stuck { prefix: best.0, stuck: best.1 };
                };
                state = before;
                placed.remove(last);
                timeline.unlift(last);
                at = timeline.next(timeline.call[last]);
            }
        }
    }
    Found::OutOfTime
}

fn order<S>(stack: &[(usize, S)]) -> Vec<usize> {
    stack.iter().map(|(op, _)| *op).collect()
}

/// A call or a return of the operation at that position.
#[derive(Clone, Copy)]
enum Entry {
    Call(usize),
    Return(usize),
}

/// Calls and returns in time order, as a list from which operations are lifted while they are placed.
struct Timeline {
    entries: Vec<Entry>,
    next: Vec<usize>,
    prev: Vec<usize>,
    call: Vec<usize>,
    back: Vec<Option<usize>>,
}

impl Timeline {
    fn new<O>(spans: &[Span<O>]) -> Self {
        let mut marks: Vec<(u64, bool, usize)> = Vec::with_capacity(spans.len() * 2);
        for (op, span) in spans.iter().enumerate() {
            marks.push((span.invoke_ns, false, op));
            // At the same instant calls come first: whoever is in doubt overlaps.
            marks.extend(span.return_ns.map(|ns| (ns, true, op)));
        }
        marks.sort_unstable();
        let mut call = vec![0; spans.len()];
        let mut back = vec![None; spans.len()];
        let mut entries = Vec::with_capacity(marks.len());
        for (at, (_, returns, op)) in marks.into_iter().enumerate() {
            if returns {
                back[op] = Some(at);
                entries.push(Entry::Return(op));
            } else {
                call[op] = at;
                entries.push(Entry::Call(op));
            }
        }
        // The last place is the list's end and its beginning.
        let end = entries.len();
        let next = (0..=end).map(|at| if at == end { 0 } else { at + 1 }).collect();
        let prev = (0..=end).map(|at| if at == 0 { end } else { at - 1 }).collect();
        Self { entries, next, prev, call, back }
    }

    fn first(&self) -> Option<usize> {
        self.next(self.entries.len())
    }

    fn next(&self, at: usize) -> Option<usize> {
        let next = self.next[at];
        (next != self.entries.len()).then_some(next)
    }

    fn lift(&mut self, op: usize) {
        self.unlink(self.call[op]);
        if let Some(back) = self.back[op] {
            self.unlink(back);
        }
    }

    fn unlift(&mut self, op: usize) {
        if let Some(back) = self.back[op] {
            self.relink(back);
        }
        self.relink(self.call[op]);
    }

    fn unlink(&mut self, at: usize) {
        self.next[self.prev[at]] = self.next[at];
        self.prev[self.next[at]] = self.prev[at];
    }

    fn relink(&mut self, at: usize) {
        self.next[self.prev[at]] = at;
        self.prev[self.next[at]] = at;
    }
}

/// A set of positions.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Placed(Box<[u64]>);

impl Placed {
    fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)].into())
    }

    fn insert(&mut self, at: usize) {
        self.0[at / 64] |= 1 << (at % 64);
    }

    fn remove(&mut self, at: usize) {
        self.0[at / 64] &= !(1 << (at % 64));
    }
}
