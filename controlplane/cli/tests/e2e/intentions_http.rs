//! Intentions for HTTP services: 403 for a refused caller, and permissions that decide by path,
//! method and header, on the path that the service will see.

use serde_json::{Value, json};

use crate::harness::{Handshake, Http1, Identity, Mesh, Plan, Protocol, SECOND, raw, tell_times, until_ok};

/// A call on a connection of its own.
async fn fresh(mesh: &Mesh, method: &str, target: &str, headers: &[(&str, &str)]) -> Result<u16, String> {
    Ok(Http1::to(mesh.upstream).send(method, target, headers).await?.status)
}

async fn expect(mesh: &Mesh, status: u16, method: &str, target: &str, headers: &[(&str, &str)]) {
    let what = format!("{method} {target} {headers:?} gets {status}");
    until_ok(&what, SECOND, async || match fresh(mesh, method, target, headers).await? {
        found if found == status => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
}

#[tokio::test]
async fn deny_and_allow_reach_traffic_within_a_second() {
    let mesh = Plan::of(Protocol::Http).quiet().start().await;
    let mut kept = Http1::to(mesh.upstream);
    let mut times = Vec::new();
    for round in 0..10 {
        for (action, status) in [("deny", 403), ("allow", 200)] {
            // Now on a connection of its own, now on one that was there before the change.
            let is_fresh = round % 2 == 0;
            mesh.agent.intend("web", "api", action).await;
            let (_, time) = until_ok(&format!("{action} shows as {status}"), SECOND, async || {
                let reply = if is_fresh { Http1::to(mesh.upstream).get("/").await? } else { kept.get("/").await? };
                if reply.status == status { Ok(()) } else { Err(format!("{} {}", reply.status, reply.text())) }
            })
            .await;
            times.push(time);
        }
    }
    tell_times("HTTP", times);
}

/// Once refused, always refused: no old connection lets a call through later.
#[tokio::test]
async fn a_denied_caller_gets_403_on_every_connection() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let mut kept: Vec<_> = (0..8).map(|_| Http1::to(mesh.upstream)).collect();
    for connection in &mut kept {
        assert_eq!(connection.get("/").await.unwrap().status, 200);
    }
    mesh.agent.intend("web", "api", "deny").await;
    expect(&mesh, 403, "GET", "/", &[]).await;
    let seen = mesh.api.backend.seen();
    for connection in &mut kept {
        let reply = connection.get("/").await.unwrap();
        assert_eq!((reply.status, reply.text().as_str()), (403, "RBAC: access denied"));
    }
    assert_eq!(mesh.api.backend.seen(), seen);
}

#[tokio::test]
async fn permissions_decide_by_path_method_and_header() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let permissions = json!([
        { "Action": "deny", "HTTP": { "PathPrefix": "/admin", "Header": [{ "Name": "x-role", "Exact": "root", "Invert": true }] } },
        { "Action": "allow", "HTTP": { "PathExact": "/read", "Methods": ["GET", "HEAD"] } },
        { "Action": "allow", "HTTP": { "PathRegex": "/v[0-9]+/.*" } },
        { "Action": "allow", "HTTP": { "PathPrefix": "/admin" } },
        { "Action": "deny", "HTTP": { "PathPrefix": "/" } },
    ]);
    mesh.agent.permit("web", "api", &permissions).await;
    expect(&mesh, 403, "GET", "/", &[]).await;
    expect(&mesh, 200, "GET", "/read", &[]).await;
    expect(&mesh, 200, "GET", "/read?x=1", &[]).await;
    expect(&mesh, 403, "POST", "/read", &[]).await;
    expect(&mesh, 403, "GET", "/read/more", &[]).await;
    expect(&mesh, 200, "DELETE", "/v2/things", &[]).await;
    expect(&mesh, 403, "GET", "/vx/things", &[]).await;
    expect(&mesh, 403, "GET", "/x/v2/things", &[]).await;
    expect(&mesh, 403, "GET", "/admin", &[]).await;
    expect(&mesh, 403, "GET", "/admin", &[("x-role", "user")]).await;
    expect(&mesh, 200, "GET", "/admin", &[("x-role", "root")]).await;
}

#[tokio::test]
async fn where_the_default_denies_a_request_that_no_permission_fits_is_refused() {
    let mesh = Plan::of(Protocol::Http).denying().start().await;
    let read_only = json!([{ "Action": "allow", "HTTP": { "PathPrefix": "/", "Methods": ["GET"] } }]);
    mesh.agent.permit("web", "api", &read_only).await;
    expect(&mesh, 403, "PUT", "/", &[]).await;
    expect(&mesh, 200, "GET", "/", &[]).await;
    mesh.agent.forget_intention("web", "api").await;
    expect(&mesh, 403, "GET", "/", &[]).await;
}

/// A header that is sent twice is not a way past a rule about one of its values.
#[tokio::test]
async fn a_header_sent_twice_hides_nothing() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let role = |how: &str, value: &str| json!([{ "Name": "x-role", how: value }]);
    for (header, values) in [
        (role("Exact", "guest"), ["guest", "other"]),
        (role("Prefix", "gue"), ["other", "guest"]),
        (role("Suffix", "est"), ["guest", "other"]),
        (role("Regex", "gu.st"), ["guest", "other"]),
    ] {
        let permissions = json!([{ "Action": "deny", "HTTP": { "Header": header } }]);
        mesh.agent.permit("web", "api", &permissions).await;
        expect(&mesh, 403, "GET", "/", &[("x-role", "guest")]).await;
        let twice = [("x-role", values[0]), ("x-role", values[1])];
        assert_eq!(fresh(&mesh, "GET", "/", &twice).await, Ok(403), "{header} with {values:?}");
        assert_eq!(fresh(&mesh, "GET", "/", &[("x-role", "host")]).await, Ok(200), "{header}");
    }
}

/// Ways to write a path that a service might read as `/admin`.
const TRICKS: &[&str] = &[
    "/admin",
    "//admin",
    "///admin",
    "/./admin",
    "/x/../admin",
    "/x/..//admin",
    "/x//../admin",
    "/%61dmin",
    "/%61%64%6d%69%6e",
    "/%61DMIN/../admin",
    "/admin/",
    "/admin/..;/admin",
    "/admin/x/..",
    "/admin?x=/public",
    "/admin#x",
    "/x/%2e%2e/admin",
    "/x/%2E%2E/admin",
    "/x/.%2e/admin",
    "/x%2f..%2fadmin",
    "/x/..%2fadmin",
    "/x/..%2Fadmin",
    "/%2fadmin",
    "/%2F%2Fadmin",
    "/.%2fadmin",
    "/%2e/admin",
    "/x/..%5cadmin",
    "/%5cadmin",
    "/x%5c..%5cadmin",
    "/\\admin",
    "/x\\..\\admin",
    "\\admin",
    "/admin%2f",
    "/admin%00",
    "/admin;a=b",
    "/;/admin",
    "/;x/../admin",
    "http://api/admin",
    "http://api//admin",
    "http://other/x/../admin",
    "admin",
    "./admin",
    "*/admin",
];

/// What a careless service takes a path for: decoded once, backslashes turned, dots resolved,
/// slashes merged.
fn as_a_service_reads_it(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut decoded = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(|pair| std::str::from_utf8(pair).ok());
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).filter(|_| byte == b'%') {
            Some(value) => (decoded.push(value), rest = &after[2..]).1,
            None => (decoded.push(byte), rest = after).1,
        }
    }
    let decoded = String::from_utf8_lossy(&decoded).replace('\\', "/");
    let mut segments = Vec::new();
    for segment in decoded.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            other => segments.push(other),
        }
    }
    format!("/{}", segments.join("/"))
}

fn request(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nhost: api\r\nconnection: close\r\n\r\n")
}

/// The path that the backend saw, or nothing when the call did not reach it.
fn path_seen(answer: &str) -> Option<&str> {
    let body = answer.strip_prefix("HTTP/1.1 200")?.split("\r\n\r\n").nth(1)?;
    body.split_once("GET ")?.1.split_whitespace().next()
}

async fn assert_no_way_round(mesh: &Mesh, permissions: &Value) {
    mesh.agent.permit("web", "api", permissions).await;
    expect(mesh, 403, "GET", "/admin", &[]).await;
    let web = Identity::of_service(&mesh.agent, "web").await;
    for trick in TRICKS {
        // Through the caller's sidecar, which may straighten the path …
        let through = raw(mesh.upstream, request(trick).as_bytes()).await.unwrap_or_default();
        // … and past it, as somebody with the caller's key would.
        let mut handshake = Handshake::dial_13(mesh.api.public, Some(&web)).await.unwrap();
        let direct = handshake.request(request(trick).as_bytes()).await.unwrap_or_default();
        for answer in [through, direct] {
            if let Some(path) = path_seen(&answer) {
                let read = as_a_service_reads_it(path);
                assert!(!read.starts_with("/admin"), "{trick} arrived as {path}, which means {read}");
            }
        }
    }
    expect(mesh, 200, "GET", "/public", &[]).await;
}

#[tokio::test]
async fn no_spelling_of_a_path_is_a_way_round_a_deny() {
    let mesh = Plan::of(Protocol::Http).start().await;
    assert_no_way_round(&mesh, &json!([{ "Action": "deny", "HTTP": { "PathPrefix": "/admin" } }])).await;
    assert_no_way_round(&mesh, &json!([{ "Action": "deny", "HTTP": { "PathRegex": "/admin.*" } }])).await;
}

#[tokio::test]
async fn no_spelling_of_a_path_turns_an_allowed_one_into_another() {
    let mesh = Plan::of(Protocol::Http).start().await;
    let only_public = json!([
        { "Action": "allow", "HTTP": { "PathPrefix": "/public" } },
        { "Action": "allow", "HTTP": { "PathPrefix": "/x" } },
        { "Action": "deny", "HTTP": { "PathPrefix": "/" } },
    ]);
    assert_no_way_round(&mesh, &only_public).await;
}
