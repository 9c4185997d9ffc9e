//! No spelling of a path is a way round a permission that denies it, however the application reads paths.

use weft_model::config_entry::{ConfigEntry, Mesh, Protocol, RequestNormalization, ServiceIntentions, Source};
use weft_model::intention::{Action, DefaultPolicy, HttpPermission, Permission};
use weft_xds::set::ResourceSet;

use crate::caller::Caller;
use crate::proxy::{Envoy, free_port};
use crate::world::{Single, merge};
use crate::{authority, backend};

/// Spellings of `/admin`, and others that should stay what they are.
const SPELLINGS: &[&str] = &[
    "/admin",
    "//admin",
    "///admin",
    "/x/../admin",
    "/x/%2e%2e/admin",
    "/x/.%2E/admin",
    "/x/%2E./admin",
    "/./admin",
    "/%2e/admin",
    "/%61dmin",
    "/%61%64%6d%69%6e",
    "/admi%6E",
    "/admin;x",
    "/admin;x=y/",
    "/;x/admin",
    "/x;/../admin",
    "/x/..;/admin",
    "/.;/admin",
    "/..;/admin",
    "\\admin",
    "/\\admin",
    "/x\\..\\admin",
    "/x/..\\admin",
    "/admin%2F",
    "/admin%2f",
    "/%2fadmin",
    "/%2Fadmin",
    "/.%2fadmin",
    "/x/..%2fadmin",
    "/x%2f..%2fadmin",
    "/x/%2e%2e%2fadmin",
    "/%5cadmin",
    "/x%5c..%5cadmin",
    "/x/..%5cadmin",
    "/admin#frag",
    "/admin?x",
    "/admin?",
    "/admin/.",
    "/admin/./",
    "/admin/",
    "/admin//",
    "/admin/..",
    "/admin/../admin",
    "/../admin",
    "/%2561dmin",
    "/%252e%252e/admin",
    "/x/%252e%252e/admin",
    "/admin%00",
    "/adm%00in",
    "/admin%20",
    "/admin%09",
    "/admin%0d%0a",
    "/%c0%afadmin",
    "/x/%c0%ae%c0%ae/admin",
    "/%e0%80%afadmin",
    "/%zz/../admin",
    "/admin%",
    "/admin%3fx",
    "/admin%23",
    "/admin%3bx",
    "http://api/admin",
    "http://api//admin",
    "http://api/x/../admin",
    "/ADMIN",
    "/administrator",
    "/%41dmin",
    "admin",
    "*",
    "",
];

#[tokio::test]
async fn no_spelling_is_a_way_round_a_denied_path() {
    let ca = authority::real();
    let (envoy, app) = (Envoy::start(), backend::start().await);
    let caller = Caller::new(&authority::real_leaf(&ca, "web"));
    let mut set = ResourceSet::default();
    let mut doors = Vec::new();
    for denied in [exact("/admin"), prefix("/admin"), regex("/admin(/.*)?")] {
        for normalization in normalizations() {
            let port = free_port();
            let entries = vec![intentions(&[(Action::Deny, denied.clone())]), normalization.clone()];
            let single = Single { default: DefaultPolicy::Allow, protocol: Protocol::Http, entries, port, app };
            merge(&mut set, &single.resources(&ca));
            doors.push((port, denied.clone(), normalization));
        }
    }
    envoy.take(set).await.unwrap();
    for (port, denied, normalization) in doors {
        for spelling in SPELLINGS {
            let mut connection = caller.connect(port).await;
            let head = format!("GET {spelling} HTTP/1.1\r\nhost: api\r\n\r\n");
            let answer = connection.send_raw(head.as_bytes()).await;
            let forwarded = answer.forwarded_path();
            let reached = forwarded.is_some_and(|path| readings(path).iter().any(|read| is_denied(&denied, read)));
            assert!(!reached, "{spelling:?} came through as {forwarded:?}: {denied:?} {normalization:?}");
        }
        let mut connection = caller.connect(port).await;
        for plain in ["/", "/ADMIN", "/public/%C3%A9?x=/admin", "/x/adm%20in", "/%2561dmin"] {
            let answer = connection.send_raw(format!("GET {plain} HTTP/1.1\r\nhost: api\r\n\r\n").as_bytes()).await;
            assert_eq!(answer.forwarded_path(), Some(plain), "{denied:?} {normalization:?}");
        }
    }
}

/// What an application may make of a path: as it is, decoded once, without parameters, without empty
/// and dot segments, with backslashes for slashes, cut at a NUL.
fn readings(path: &str) -> Vec<String> {
    let bare = path.split(['?', '#']).next().unwrap();
    let decoded = decode(bare);
    let cut = decoded.split(['\0', '?', '#']).next().unwrap().to_owned();
    let forms = [bare.to_owned(), decoded.clone(), cut];
    forms.iter().flat_map(|form| [form.clone(), resolve(form), resolve(&without_parameters(form))]).collect()
}

fn decode(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some(char) = rest.chars().next() {
        let code = rest.strip_prefix('%').and_then(|hex| u8::from_str_radix(hex.get(..2)?, 16).ok());
        // An overlong slash or dot is one to a careless decoder.
        if let Some(overlong) = ["%c0%af", "%c0%ae", "%e0%80%af"].iter().find(|overlong| rest.starts_with(**overlong)) {
            out.push(if overlong.ends_with('f') { '/' } else { '.' });
            rest = &rest[overlong.len()..];
        } else if let Some(code) = code {
            out.push(char::from(code));
            rest = &rest[3..];
        } else {
            out.push(char);
            rest = &rest[char.len_utf8()..];
        }
    }
    out
}

fn without_parameters(path: &str) -> String {
    let cut = path.split('/').map(|segment| segment.split(';').next().unwrap());
    cut.collect::<Vec<_>>().join("/")
}

fn resolve(path: &str) -> String {
    let slashed = path.replace('\\', "/");
    let mut kept: Vec<&str> = Vec::new();
    // With or without a slash at the end are two paths.
    let mut end = "";
    for segment in slashed.split('/') {
        end = "/";
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            other => {
                kept.push(other);
                end = "";
            }
        }
    }
    let end = if kept.is_empty() { "" } else { end };
    format!("/{}{end}", kept.join("/"))
}

fn is_denied(denied: &HttpPermission, path: &str) -> bool {
    let exact = !denied.path_exact.is_empty() && denied.path_exact == path;
    let prefix = !denied.path_prefix.is_empty() && path.starts_with(&denied.path_prefix);
    exact || prefix || (!denied.path_regex.is_empty() && (path == "/admin" || path.starts_with("/admin/")))
}

fn exact(path: &str) -> HttpPermission {
    HttpPermission { path_exact: path.into(), ..HttpPermission::default() }
}

fn prefix(path: &str) -> HttpPermission {
    HttpPermission { path_prefix: path.into(), ..HttpPermission::default() }
}

fn regex(path: &str) -> HttpPermission {
    HttpPermission { path_regex: path.into(), ..HttpPermission::default() }
}

/// The default, and what operators can set short of turning it off.
fn normalizations() -> Vec<ConfigEntry> {
    let mesh = |action: &str, merge_slashes| {
        let normalization = RequestNormalization {
            merge_slashes,
            path_with_escaped_slashes_action: action.into(),
            ..RequestNormalization::default()
        };
        let incoming = serde_json::json!({ "RequestNormalization": normalization });
        let document = serde_json::json!({ "Kind": "mesh", "HTTP": { "Incoming": incoming } });
        ConfigEntry::decode(document).unwrap()
    };
    vec![
        Mesh::default().into(),
        mesh("KEEP_UNCHANGED", false),
        mesh("REJECT_REQUEST", true),
        mesh("UNESCAPE_AND_FORWARD", true),
        mesh("UNESCAPE_AND_FORWARD", false),
        mesh("UNESCAPE_AND_REDIRECT", true),
    ]
}

pub(crate) fn intentions(permissions: &[(Action, HttpPermission)]) -> ConfigEntry {
    let permissions =
        permissions.iter().map(|(action, http)| Permission { action: Some(*action), http: Some(http.clone()) });
    let source = Source { name: "web".into(), permissions: permissions.collect(), ..Source::default() };
    let mut entry = ServiceIntentions { name: "api".into(), sources: vec![source], ..ServiceIntentions::default() };
    entry.normalize();
    entry.into()
}
