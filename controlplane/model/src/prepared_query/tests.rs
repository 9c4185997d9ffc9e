#![allow(clippy::unwrap_used)]

use super::*;

fn template(service: &str) -> PreparedQuery {
    PreparedQuery {
        name: "geo-".into(),
        template: Template {
            kind: "name_prefix_match".into(),
            regexp: "^geo-(.*)-([a-z]+)$".into(),
            remove_empty_tags: true,
        },
        service: ServiceQuery {
            service: service.into(),
            tags: vec!["${match(2)}".into(), "${match(7)}".into(), "x${name.suffix}y".into()],
            near: "${name.prefix}".into(),
            ..ServiceQuery::default()
        },
        ..PreparedQuery::default()
    }
}

#[test]
fn a_template_is_filled_from_the_name() {
    let rendered = template("${match(1)}").render("geo-web-v2-blue", "").unwrap().service;
    assert_eq!(rendered.service.as_str(), "web-v2");
    assert_eq!(rendered.tags, ["blue", "xweb-v2-bluey"]);
    assert_eq!(rendered.near, "geo-");
    let rendered = template("$${name.full}${name.full}").render("geo-", "").unwrap().service;
    assert_eq!(rendered.service.as_str(), "${name.full}geo-");
    assert_eq!(rendered.tags, ["xy"]);
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    let refused = |service: &str| template(service).validate().unwrap_err();
    let begin = "failed compiling template: Bad";
    assert_eq!(refused("${bad"), format!("{begin} format '${{bad' in Service.Service: parse error: syntax error"));
    assert_eq!(
        refused("${bad}"),
        format!("{begin} evaluation for '${{bad}}' in Service.Service: 1:3: unknown variable accessed: bad")
    );
    assert_eq!(
        refused("a${up(1)}"),
        format!("{begin} evaluation for 'a${{up(1)}}' in Service.Service: 1:4: unknown function called: up")
    );
    assert!(refused("${match(\"a\")}").contains("number of a group"));
    let mut odd = template("web");
    odd.template.kind = "bogus".into();
    assert_eq!(odd.validate().unwrap_err(), format!("{begin} Template.Type 'bogus'"));
    odd.template.kind = "name_prefix_match".into();
    odd.template.regexp = "((".into();
    assert!(odd.validate().unwrap_err().starts_with(&format!("{begin} Regexp: ")));
}

#[test]
fn a_query_without_a_name_needs_a_session() {
    let query = |name: &str, ttl: &str| PreparedQuery {
        name: name.into(),
        service: ServiceQuery { service: "web".into(), ..ServiceQuery::default() },
        dns: DnsOptions { ttl: ttl.into() },
        ..PreparedQuery::default()
    };
    let refused = |query: PreparedQuery| query.validate().unwrap_err();
    assert_eq!(refused(query("", "")), "Invalid prepared query: Must be bound to a session");
    assert_eq!(refused(query("q", "-1s")), "Invalid prepared query: DNS TTL '-1000000000', must be >=0");
    assert_eq!(refused(query("q", "abc")), "Invalid prepared query: Bad DNS TTL 'abc': time: invalid duration \"abc\"");
    query("q", "10s").validate().unwrap();
    let bound = PreparedQuery { session: Some(SessionId(Uuid::from_u128(1))), ..query("", "") };
    bound.validate().unwrap();
}
