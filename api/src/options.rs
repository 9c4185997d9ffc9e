//! The query options that all reads of the replicated state share: blocking, consistency, caching.

use std::time::Duration;

use http::HeaderMap;
use http::header::CACHE_CONTROL;
use weft_model::GoDuration;

use crate::host::Knower;
use crate::query::Query;
use crate::refusal::Refusal;
use crate::terms::Terms;

/// How fresh the answer must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Consistency {
    /// What the leader has.
    #[default]
    Leader,
    /// What the leader has after asking a quorum.
    Consistent,
    /// What this server has.
    Stale,
}

impl Consistency {
    /// The value of `X-Consul-Effective-Consistency`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Consistent => "consistent",
            Self::Stale => "stale",
        }
    }

    /// Who is to be asked about the cluster itself.
    pub(crate) const fn knower(self) -> Knower {
        match self {
            Self::Leader | Self::Consistent => Knower::Leader,
            Self::Stale => Knower::Here,
        }
    }
}

/// Query options, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueryOptions {
    /// Answer when something is newer than this; 0: at once.
    pub(crate) index: u64,
    /// How long to wait for it, without the jitter.
    pub(crate) wait: Duration,
    pub(crate) consistency: Consistency,
    /// How far behind a stale answer may be.
    pub(crate) max_stale: Option<Duration>,
    /// The client takes an answer of the agent's cache.
    pub(crate) cached: bool,
}

impl QueryOptions {
    /// Reads the options of a blocking read.
    pub(crate) fn parse(query: &Query, headers: &HeaderMap, terms: &Terms) -> Result<Self, Refusal> {
        let (index, wait) = (index(query)?, wait(query, terms)?);
        check_cache_control(headers)?;
        let (consistency, max_stale) = consistency(query)?;
        let cached = query.has("cached");
        if cached && consistency == Consistency::Consistent {
            return Err(Refusal::bad_request("Cannot specify ?cached with ?consistent, conflicting semantics."));
        }
        Ok(Self { index, wait, consistency, max_stale, cached })
    }

    /// What a read of the catalog takes that says nothing of how new it must be.
    pub(crate) fn or_stale(self, query: &Query, most: Option<Duration>) -> Self {
        let says_nothing = !["stale", "consistent", "leader", "cached", "max_stale"].iter().any(|name| query.has(name));
        match most.filter(|_| says_nothing) {
            Some(most) => Self { consistency: Consistency::Stale, max_stale: Some(most), ..self },
            None => self,
        }
    }
}

/// Reads `index`.
pub(crate) fn index(query: &Query) -> Result<u64, Refusal> {
    match query.text("index") {
        "" => Ok(0),
        // The standard parser would take a plus sign.
        text if !text.bytes().all(|byte| byte.is_ascii_digit()) => Err(Refusal::bad_request("Invalid index")),
        text => text.parse().map_err(|_| Refusal::bad_request("Invalid index")),
    }
}

/// Reads `wait` and brings it into its bounds.
pub(crate) fn wait(query: &Query, terms: &Terms) -> Result<Duration, Refusal> {
    let text = query.text("wait");
    let (negative, magnitude) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    if text.is_empty() {
        return Ok(terms.wait_default.min(terms.wait_max));
    }
    let wait = GoDuration::parse(magnitude).map_err(|_| Refusal::bad_request("Invalid wait time"))?.0;
    Ok(if negative || wait.is_zero() { terms.wait_default } else { wait }.min(terms.wait_max))
}

/// The options of a read that does not block.
pub(crate) fn without_blocking(query: &Query) -> Result<QueryOptions, Refusal> {
    let (consistency, max_stale) = consistency(query)?;
    Ok(QueryOptions { consistency, max_stale, ..QueryOptions::default() })
}

/// Reads `stale`, `consistent` and `max_stale`, which implies `stale`. `leader` asks for the default.
fn consistency(query: &Query) -> Result<(Consistency, Option<Duration>), Refusal> {
    let max_stale = match query.text("max_stale") {
        "" => None,
        text => {
            let invalid = |_| Refusal::bad_request(format!("Invalid max_stale value {text:?}"));
            Some(GoDuration::parse(text).map_err(invalid)?.0)
        }
    };
    let stale = query.has("stale") || max_stale.is_some();
    let consistency = match (stale, query.has("consistent")) {
        (true, true) => {
            return Err(Refusal::bad_request("Cannot specify ?stale with ?consistent, conflicting semantics."));
        }
        (true, false) => Consistency::Stale,
        (false, true) => Consistency::Consistent,
        (false, false) => Consistency::Leader,
    };
    Ok((consistency, max_stale))
}

/// Answers come from memory and are always fresh, so that the directives need no obeying; wrong ones are
/// refused all the same.
fn check_cache_control(headers: &HeaderMap) -> Result<(), Refusal> {
    let invalid = || Refusal::bad_request("Invalid Cache-Control header.");
    for value in headers.get_all(CACHE_CONTROL) {
        for directive in value.to_str().map_err(|_| invalid())?.split(',') {
            let (name, seconds) = directive.trim().split_once('=').unwrap_or((directive.trim(), "0"));
            if matches!(name, "max-age" | "stale-if-error") && seconds.parse::<u64>().is_err() {
                return Err(invalid());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn options(raw: &str) -> Result<QueryOptions, String> {
        QueryOptions::parse(&Query::parse(raw).unwrap(), &HeaderMap::new(), &Terms::default())
            .map_err(|refusal| refusal.text)
    }

    #[test]
    fn defaults_and_bounds() {
        assert_eq!(options("").unwrap(), QueryOptions { wait: Duration::from_secs(300), ..QueryOptions::default() });
        for (raw, seconds) in [("wait=60000ms", 60), ("wait=3h", 600), ("wait=0s", 300), ("wait=-1s", 300)] {
            assert_eq!(options(raw).unwrap().wait, Duration::from_secs(seconds), "{raw}");
        }
    }

    #[test]
    fn terms_of_the_agent_take_the_place_of_the_usual_ones() {
        let terms =
            Terms { wait_default: Duration::from_secs(2), wait_max: Duration::from_secs(4), ..Terms::default() };
        for (raw, seconds) in [("", 2), ("wait=1s", 1), ("wait=9s", 4), ("wait=0s", 2)] {
            assert_eq!(wait(&Query::parse(raw).unwrap(), &terms).unwrap(), Duration::from_secs(seconds), "{raw}");
        }
        let stale = |raw: &str| {
            let query = Query::parse(raw).unwrap();
            let options = QueryOptions::parse(&query, &HeaderMap::new(), &terms).unwrap();
            let options = options.or_stale(&query, Some(Duration::from_secs(5)));
            (options.consistency, options.max_stale.map(|most| most.as_secs()))
        };
        assert_eq!(stale(""), (Consistency::Stale, Some(5)));
        assert_eq!(stale("stale"), (Consistency::Stale, None));
        assert_eq!(stale("leader"), (Consistency::Leader, None));
        assert_eq!(stale("consistent"), (Consistency::Consistent, None));
    }

    #[test]
    fn wrong_values_are_refused() {
        for raw in ["index=abc", "index=-1", "index=+1", "index=99999999999999999999"] {
            assert_eq!(options(raw).unwrap_err(), "Invalid index", "{raw}");
        }
        for raw in ["wait=abc", "wait=2", "wait=5d"] {
            assert_eq!(options(raw).unwrap_err(), "Invalid wait time", "{raw}");
        }
        assert_eq!(options("max_stale=bad").unwrap_err(), "Invalid max_stale value \"bad\"");
        assert!(options("stale=&consistent=").unwrap_err().contains("conflicting semantics"));
        assert!(options("cached&consistent").unwrap_err().contains("conflicting semantics"));
        assert!(options("max_stale=1s&consistent").is_err());
        let behind = options("max_stale=1s").unwrap();
        assert_eq!((behind.consistency, behind.max_stale), (Consistency::Stale, Some(Duration::from_secs(1))));
        assert_eq!(options("leader").unwrap().consistency, Consistency::Leader);
    }

    #[test]
    fn cache_control_must_be_well_formed() {
        let check = |value: &'static str| {
            let headers = HeaderMap::from_iter([(CACHE_CONTROL, http::HeaderValue::from_static(value))]);
            QueryOptions::parse(&Query::default(), &headers, &Terms::default()).is_ok()
        };
        assert!(check("max-age=30, must-revalidate") && check("no-cache"));
        assert!(!check("max-age=x") && !check("stale-if-error="));
    }
}
