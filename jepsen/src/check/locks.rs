//! C5: at any index a lock has at most one holder, tokens only grow, a fenced register never sees an older one, and no session
//! dies early.
//!
//! Holders that overlap in time without the token are not judged: that is not promised.

use std::collections::BTreeMap;

use serde_json::Value;

use super::truth::Truth;
use super::verdict::{Checker, Finding, Verdict};
use crate::history::{Op, RunData};

/// C5.
#[derive(Clone, Copy, Debug, Default)]
pub struct Locks;

impl Checker for Locks {
    fn name(&self) -> &'static str {
        "C5-locks"
    }

    fn concerns(&self, run: &RunData) -> bool {
        run.of("lock").next().is_some()
    }

    fn check(&self, run: &RunData) -> Verdict {
        let truth = match Truth::of(run, "lock") {
            Ok(truth) => truth,
            Err(why) => return Verdict::Unknown(why),
        };
        let sessions = Sessions::of(run);
        let acquired = acquisitions(run);
        if acquired.is_empty() && truth.findings.is_empty() {
            return Verdict::Unknown("no lock was ever got".to_owned());
        }
        let mut findings = truth.findings.clone();
        findings.extend(tokens_grow(&acquired));
        findings.extend(one_holder(&truth, &acquired, &sessions));
        findings.extend(sessions.died_early(run));
        Verdict::of(findings)
    }
}

/// An acknowledged acquisition.
struct Acquired<'a> {
    op: &'a Op,
    key: &'a str,
    session: &'a str,
    index: u64,
    token: Option<u64>,
}

fn acquisitions(run: &RunData) -> Vec<Acquired<'_>> {
    let acquired = run.of("lock").filter(|op| op.call() == "acquire").filter_map(|op| {
        let answer = op.ok()?;
        let session = op.input.pointer("/changes/0/acquire/session")?.as_str()?;
        let token = answer.pointer("/row/KV/LockIndex").and_then(Value::as_u64);
        Some(Acquired { op, key: &op.key, session, index: answer.get("index")?.as_u64()?, token })
    });
    let mut acquired: Vec<Acquired<'_>> = acquired.collect();
    acquired.sort_by_key(|acquired| acquired.index);
    acquired
}

fn tokens_grow(acquired: &[Acquired<'_>]) -> Vec<Finding> {
    let mut last: BTreeMap<&str, &Acquired<'_>> = BTreeMap::new();
    let mut findings = Vec::new();
    for next in acquired.iter().filter(|acquired| acquired.token.is_some()) {
        if let Some(before) = last.insert(next.key, next)
            && (next.token < before.token || (next.token == before.token && next.session != before.session))
        {
            let text =
                format!("token {:?} at index {}, then {:?} at {}", before.token, before.index, next.token, next.index);
            findings.push(Finding::new("token-did-not-grow", next.key, text, [before.op.index, next.op.index]));
        }
    }
    findings
}

/// When sessions were made, renewed and destroyed, as clients know it.
struct Sessions<'a> {
    /// By session: for each acknowledged creation or renewal when it was sent.
    kept: BTreeMap<&'a str, Vec<u64>>,
    /// When a destruction was sent.
    destroyed: BTreeMap<&'a str, u64>,
    ttl_ns: u64,
    delay_ns: u64,
}

impl<'a> Sessions<'a> {
    fn of(run: &'a RunData) -> Self {
        let mut sessions = Self { kept: BTreeMap::new(), destroyed: BTreeMap::new(), ttl_ns: 0, delay_ns: 0 };
        let ms = |op: &Op, key: &str| op.input.get(key).and_then(Value::as_u64).unwrap_or(0) * 1_000_000;
        for op in run.of("lock") {
            match (op.call(), op.ok()) {
                ("create", Some(Value::String(id))) => {
                    sessions.kept.entry(id).or_default().push(op.invoke_ns);
                    (sessions.ttl_ns, sessions.delay_ns) = (ms(op, "ttl_ms"), ms(op, "lock_delay_ms"));
                }
                ("renew", Some(Value::Bool(true))) => sessions.kept.entry(&op.key).or_default().push(op.invoke_ns),
                ("destroy", _) if !op.failed() => drop(sessions.destroyed.insert(&op.key, op.invoke_ns)),
                _ => {}
            }
        }
        sessions
    }

    /// The earliest time at which the session may have been dead, by what was sent before `until`.
    fn earliest_death(&self, session: &str, until: u64) -> Option<u64> {
        let kept = self.kept.get(session)?.iter().filter(|sent_ns| **sent_ns < until).max()?;
        let expiry = kept + self.ttl_ns;
        Some(self.destroyed.get(session).map_or(expiry, |sent_ns| expiry.min(*sent_ns)))
    }

    /// A renewal that was told "no such session" before its time was over.
    fn died_early(&self, run: &RunData) -> Vec<Finding> {
        let refused = run.of("lock").filter(|op| op.call() == "renew" && op.ok() == Some(&Value::Bool(false)));
        let early = refused.filter_map(|op| {
            let death = self.earliest_death(&op.key, op.invoke_ns)?;
            (op.end_ns() < death).then(|| {
                let text = format!("gone at {} ns, but entitled to live until {death} ns", op.end_ns());
                Finding::new("session-died-early", &op.key, text, [op.index])
            })
        });
        early.collect()
    }
}

/// Replays the journal: who holds the lock, who writes, and whether the one before had to let go.
fn one_holder(truth: &Truth, acquired: &[Acquired<'_>], sessions: &Sessions<'_>) -> Vec<Finding> {
    let by_index: BTreeMap<u64, &Acquired<'_>> = acquired.iter().map(|acquired| (acquired.index, acquired)).collect();
    let mut holder: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let mut tokens: BTreeMap<String, u64> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut say =
        |what: &str, key: &str, text: String, op: Option<u64>| findings.push(Finding::new(what, key, text, op));
    for (index, change) in
        truth.entries.iter().flat_map(|(index, changes)| changes.iter().map(move |change| (*index, change)))
    {
        let field = |verb: &str, name: &str| change.get(verb)?.get(name)?.as_str().map(str::to_owned);
        if let (Some(key), Some(session)) = (field("acquire", "key"), field("acquire", "session")) {
            let op = by_index.get(&index).map(|acquired| acquired.op);
            if let Some((before, since)) =
                holder.insert(key.clone(), (session.clone(), index)).filter(|(before, _)| *before != session)
            {
                let over = op.and_then(|op| Some((op, too_soon(sessions, &before, op)?)));
                if let Some((op, text)) = over {
                    let text =
                        format!("{session} got it at index {index} from {before} (holder since {since}): {text}");
                    say("two-holders", &key, text, Some(op.index));
                }
            }
        } else if let (Some(key), Some(session)) = (field("release", "key"), field("release", "session")) {
            if holder.get(&key).is_some_and(|(held, _)| *held == session) {
                holder.remove(&key);
            }
        } else if let (Some(key), Some(session)) = (field("write", "key"), field("write", "session")) {
            if holder.get(&key).is_none_or(|(held, _)| *held != session) {
                let text = format!("{session} wrote at index {index}, the holder was {:?}", holder.get(&key));
                say("write-by-another", &key, text, None);
            }
            let token = change["write"]["token"].as_u64().unwrap_or(0);
            let newest = tokens.entry(key.clone()).or_default();
            if token < *newest {
                say("older-token", &key, format!("token {token} at index {index} after {newest}"), None);
            }
            *newest = (*newest).max(token);
        }
    }
    findings
}

/// Why that acquisition came too soon after a holder that had not let go by itself; `None`: it may have.
fn too_soon(sessions: &Sessions<'_>, before: &str, op: &Op) -> Option<String> {
    let got_ns = op.return_ns?;
    let death = sessions.earliest_death(before, got_ns)?;
    let free = death + sessions.delay_ns;
    (got_ns < free).then(|| format!("at {got_ns} ns, but the lock could not be free before {free} ns"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::check::testing::{Script, whats};

    const SECOND: u64 = 1_000_000_000;

    #[derive(Default)]
    struct Play {
        script: Script,
        journal: Vec<Value>,
    }

    impl Play {
        fn create(&mut self, at: u64, session: &str) {
            let input = json!({"ttl_ms": 10_000, "lock_delay_ms": 1_000});
            self.script.ok(at * SECOND, at * SECOND + 1, "lock.create", "n", input, json!(session));
        }

        fn write(&mut self, at: u64, call: &str, change: Value, token: u64) {
            let id = self.journal.len() as u64;
            self.journal.push(json!([at, id, [change]]));
            let row = json!({"KV": {"LockIndex": token}});
            let input = json!({"id": id, "changes": [change]});
            let kind = format!("lock.{call}");
            self.script.ok(at * SECOND, at * SECOND + 1, &kind, "k", input, json!({"index": at, "row": row}));
        }

        fn acquire(&mut self, at: u64, session: &str, token: u64) {
            self.write(at, "acquire", json!({"acquire": {"key": "k", "session": session}}), token);
        }

        fn fenced(&mut self, at: u64, session: &str, token: u64) {
            self.write(at, "write", json!({"write": {"key": "k", "session": session, "token": token}}), 0);
        }

        fn release(&mut self, at: u64, session: &str) {
            self.write(at, "release", json!({"release": {"key": "k", "session": session}}), 0);
        }

        fn verdict(mut self) -> Verdict {
            self.script.ok(900 * SECOND, 901 * SECOND, "lock.journal", "", Value::Null, Value::Array(self.journal));
            Locks.check(&self.script.run(&["s1"]))
        }
    }

    fn two_sessions() -> Play {
        let mut play = Play::default();
        play.create(1, "a");
        play.create(1, "b");
        play.acquire(2, "a", 1);
        play
    }

    #[test]
    fn giving_back_lets_the_next_in_at_once() {
        let mut play = two_sessions();
        play.fenced(3, "a", 1);
        play.release(4, "a");
        play.acquire(5, "b", 2);
        play.fenced(6, "b", 2);
        assert_eq!(play.verdict(), Verdict::True);
    }

    #[test]
    fn a_silent_holder_keeps_the_lock_for_its_time_and_the_delay() {
        let mut early = two_sessions();
        early.acquire(11, "b", 2);
        assert_eq!(whats(&early.verdict()), ["two-holders"]);
        let mut late = two_sessions();
        late.acquire(13, "b", 2);
        assert_eq!(late.verdict(), Verdict::True);
    }

    #[test]
    fn a_destroyed_session_leaves_after_the_delay() {
        let destroy = |acquired_at| {
            let mut play = two_sessions();
            play.script.ok(3 * SECOND, 3 * SECOND + 1, "lock.destroy", "a", Value::Null, json!(true));
            play.acquire(acquired_at, "b", 2);
            play.verdict()
        };
        assert_eq!(destroy(5), Verdict::True);
        assert_eq!(whats(&destroy(3)), ["two-holders"]);
    }

    #[test]
    fn tokens_grow_and_old_ones_write_no_more() {
        let mut same = two_sessions();
        same.release(4, "a");
        same.acquire(5, "b", 1);
        assert_eq!(whats(&same.verdict()), ["token-did-not-grow"]);
        let mut old = two_sessions();
        old.release(4, "a");
        old.acquire(5, "b", 2);
        old.fenced(6, "b", 2);
        old.fenced(7, "a", 1);
        assert_eq!(whats(&old.verdict()), ["write-by-another", "older-token"]);
    }

    #[test]
    fn a_session_that_dies_before_its_time_is_seen() {
        let renew = |at: u64| {
            let mut play = two_sessions();
            play.script.ok(at * SECOND, at * SECOND + 1, "lock.renew", "a", Value::Null, json!(false));
            play.verdict()
        };
        assert_eq!(whats(&renew(9)), ["session-died-early"]);
        assert_eq!(renew(12), Verdict::True);
    }
}
