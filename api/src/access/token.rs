//! Where a request brings its token.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use weft_model::secret::Secret;

use crate::query::Query;

/// The token of a request: of the query, of its own header, or of `Authorization: Bearer`. Empty when there is
/// none; other schemes belong to proxies in between.
pub(crate) fn of_request(query: &Query, headers: &HeaderMap) -> Secret {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let found = [query.text("token"), header("x-consul-token"), bearer(header(AUTHORIZATION.as_str()))];
    found.into_iter().find(|text| !text.is_empty()).unwrap_or_default().into()
}

fn bearer(header: &str) -> &str {
    let mut words = header.split_whitespace();
    match words.next() {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => words.next().unwrap_or_default(),
        Some(_) | None => "",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(query: &str, headers: &[(&'static str, &str)]) -> String {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let token = of_request(&Query::parse(query).unwrap(), &HeaderMap::from_iter(headers));
        token.reveal().to_owned()
    }

    #[test]
    fn the_query_comes_before_the_header_comes_before_authorization() {
        let all = [("x-consul-token", "h"), ("authorization", "Bearer b")];
        assert_eq!(found("token=q", &all), "q");
        assert_eq!(found("token=", &all), "h");
        assert_eq!(found("", &all[1..]), "b");
        assert_eq!(found("", &[("authorization", "bearer  b c")]), "b");
        assert_eq!(found("", &[("authorization", "Basic b")]), "");
        assert_eq!(found("", &[]), "");
    }
}
