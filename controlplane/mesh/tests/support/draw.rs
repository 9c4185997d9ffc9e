//! Random intentions and requests over a small world, so that they meet often. Also included by the
//! tests that put the same questions to a real proxy.
#![allow(dead_code)]

use proptest::prelude::*;
use weft_mesh::authz::{Request, Terms};
use weft_model::config_entry::{Protocol, ServiceIntentions, Source};
use weft_model::intention::{Action, DefaultPolicy, HeaderPermission, HttpPermission, Intention, Permission};

pub(crate) const DESTINATION: &str = "api";
pub(crate) const SOURCES: [&str; 5] = ["web", "web.2", "webx2", "b+", "stranger"];
pub(crate) const DOMAIN: &str = "11111111-2222-3333-4444-555555555555.consul";

/// The intentions of one destination, in order, with what else holds.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) terms: Terms,
    pub(crate) intentions: Vec<Intention>,
    /// As they are written; those without sources are not.
    pub(crate) entries: [ServiceIntentions; 2],
}

pub(crate) fn case(protocol: impl Strategy<Value = Protocol>) -> impl Strategy<Value = Case> {
    let default = prop_oneof![Just(DefaultPolicy::Allow), Just(DefaultPolicy::Deny)];
    (protocol, default, entry(DESTINATION), entry("*")).prop_map(|(protocol, default, exact, wildcard)| {
        let mut intentions: Vec<_> = exact.intentions(1, 1).chain(wildcard.intentions(1, 1)).collect();
        intentions.sort_by_key(|intention| std::cmp::Reverse(intention.precedence));
        Case { terms: Terms { default, protocol, guard_paths: true }, intentions, entries: [exact, wildcard] }
    })
}

pub(crate) fn any_protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(&[Protocol::Tcp, Protocol::Http, Protocol::Http, Protocol::Grpc][..])
}

fn entry(destination: &'static str) -> impl Strategy<Value = ServiceIntentions> {
    let names = prop::sample::subsequence(&["*", "web", "web.2", "b+"][..], 0..=3);
    let layer7 = destination != "*";
    names.prop_flat_map(move |names| {
        let sources: Vec<_> = names.into_iter().map(|name| source(name, layer7)).collect();
        sources.prop_map(move |sources| {
            let mut entry = ServiceIntentions { name: destination.into(), sources, ..ServiceIntentions::default() };
            entry.normalize();
            entry
        })
    })
}

fn source(name: &'static str, layer7: bool) -> impl Strategy<Value = Source> {
    let permissions = prop::collection::vec(permission(), 1..4);
    let rule = prop_oneof![
        2 => action().prop_map(|action| (Some(action), vec![])),
        if layer7 { 3 } else { 0 } => permissions.prop_map(|permissions| (None, permissions)),
    ];
    rule.prop_map(move |(action, permissions)| Source { name: name.into(), action, permissions, ..Source::default() })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![Just(Action::Allow), Just(Action::Deny)]
}

fn permission() -> impl Strategy<Value = Permission> {
    let methods = prop::sample::subsequence(&["GET", "POST"][..], 0..=1);
    let headers = prop_oneof![3 => Just(0usize), 2 => Just(1), 1 => Just(2)];
    let headers = headers.prop_flat_map(|count| prop::collection::vec(header(), count));
    (action(), path(), headers, methods).prop_map(|(action, path, header, methods)| {
        let mut http = HttpPermission { header, ..path };
        http.methods = methods.into_iter().map(str::to_owned).collect();
        if http == HttpPermission::default() {
            http.path_prefix = "/".into();
        }
        Permission { action: Some(action), http: Some(http) }
    })
}

fn path() -> impl Strategy<Value = HttpPermission> {
    let exact = prop::sample::select(&["/admin", "/a", "/a/b", "/", "/é"][..]);
    let prefix = prop::sample::select(&["/a", "/admin", "/a/", "/b"][..]);
    let regex = prop::sample::select(
        &[
            "/a.*",
            "/admin(/.*)?",
            "/[^/]+/b",
            "/v[0-9]{1,3}",
            "(?i)/ADMIN",
            r"/\w+",
            "/[a-z&&[^b]].*",
            r"/a\b{start}",
            "/a(?x) #",
        ][..],
    );
    prop_oneof![
        1 => Just(HttpPermission::default()),
        2 => exact.prop_map(|path| HttpPermission { path_exact: path.into(), ..HttpPermission::default() }),
        2 => prefix.prop_map(|path| HttpPermission { path_prefix: path.into(), ..HttpPermission::default() }),
        1 => regex.prop_map(|path| HttpPermission { path_regex: path.into(), ..HttpPermission::default() }),
    ]
}

fn header() -> impl Strategy<Value = HeaderPermission> {
    let name = prop::sample::select(&["x-a", "X-B", "host"][..]);
    let text = prop::sample::select(&["v", "w", "vw", "v,w", "a.b"][..]);
    let regex = prop::sample::select(&["v.*", ".*w", "[^v]+", "v|w", r"\s*v", "()", "a{2000}"][..]);
    (name, text, regex, 0..6usize, any::<bool>(), any::<bool>()).prop_map(
        |(name, text, regex, form, invert, ignore_case)| {
            let mut header = HeaderPermission { name: name.into(), invert, ..HeaderPermission::default() };
            match form {
                0 => header.present = true,
                1 => header.exact = text.into(),
                2 => header.prefix = text.into(),
                3 => header.suffix = text.into(),
                4 => header.contains = text.into(),
                _ => header.regex = regex.into(),
            }
            header.ignore_case = ignore_case && (1..=4).contains(&form);
            header
        },
    )
}

/// A request in normal form. Values have no blanks around them: no proxy would pass them on.
pub(crate) fn request() -> impl Strategy<Value = Request> {
    let method = prop::sample::select(&["GET", "POST", "PUT", "post"][..]);
    let path = prop::sample::select(
        &[
            "/",
            "/a",
            "/admin",
            "/admin/",
            "/ADMIN",
            "/a/b",
            "/b/b",
            "/v12",
            "/v1234",
            "/a?x=/admin",
            "/admin?x",
            "/admin;x",
            "/a;/b",
            "/a%2Fb",
            "/admin%2F",
            "/%C3%A9",
            "/%c0%af",
            "/a%00b",
            "/a%5cb",
            "/%zz",
            "/a%2561",
            "/a,b",
            "/c",
            "/a%20b",
        ][..],
    );
    let value = prop::sample::select(
        &["v", "V", "w", "vw", "v,w", "w, v", "x,v ,y", "", "a.b", "axb", "v\u{e9}", ",", "xvx", "vv,"][..],
    );
    let header = (prop::sample::select(&["x-a", "x-b", "x-c"][..]), value);
    let authority = prop::sample::select(&["v", "w", "api.example", "vw"][..]);
    (method, path, authority, prop::collection::vec(header, 0..4)).prop_map(|(method, path, authority, headers)| {
        Request {
            method: method.into(),
            path: path.into(),
            authority: authority.into(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), bytes(value))).collect(),
        }
    })
}

/// One byte a character, so that not all values are valid UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    text.chars().filter_map(|char| u8::try_from(u32::from(char)).ok()).collect()
}
