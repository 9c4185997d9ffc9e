//! Each kind of probe against a real listener.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use weft_model::health::{CheckDefinition, CheckStatus};

use super::super::method::Method;
use super::super::outcome::Outcome;
use super::super::settings::{Certificates, Scripts, Settings};
use super::super::tls::Tls;
use super::super::{http, probe};
use super::check;

/// The outcome of one run of a check with this definition.
async fn run(kind: &str, definition: CheckDefinition) -> Outcome {
    run_with(kind, definition, Certificates::default()).await
}

async fn run_with(kind: &str, definition: CheckDefinition, certificates: Certificates) -> Outcome {
    let settings = Settings { scripts: Scripts::FromAnyone, certificates, ..Settings::default() };
    let Some(Method::Probe(found)) = Method::of(&check("c", "", kind, definition), &settings) else {
        panic!("{kind} is not probed")
    };
    let tls = Tls::new(settings.certificates);
    timeout(Duration::from_secs(20), probe::run(&found, &tls)).await.unwrap()
}

/// A certificate for `localhost`, and the file that says whom to trust.
struct Identity {
    acceptor: TlsAcceptor,
    trust: Certificates,
    _file: tempfile::NamedTempFile,
}

fn identity(protocol: &str) -> Identity {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), cert.pem()).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
    let trust = Certificates { ca: Some(file.path().to_owned()), own: None };
    Identity { acceptor: TlsAcceptor::from(Arc::new(config)), trust, _file: file }
}

/// Serves connections, plain or over TLS, for as long as the test runs.
async fn serve<S, F>(identity: Option<TlsAcceptor>, serve: S) -> String
where
    S: Fn(Box<dyn Stream>) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (identity, serve) = (identity.clone(), serve.clone());
            tokio::spawn(async move {
                match identity {
                    None => serve(Box::new(stream)).await,
                    // A client that does not trust us goes away.
                    Some(acceptor) => {
                        if let Ok(stream) = acceptor.accept(stream).await {
                            serve(Box::new(stream)).await;
                        }
                    }
                }
            });
        }
    });
    address
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// Answers each path with the status and the place that it names: `/301/to/http://…`.
async fn http1(mut stream: Box<dyn Stream>) {
    let mut request = vec![0; 4096];
    let length = stream.read(&mut request).await.unwrap();
    let request = String::from_utf8_lossy(&request[..length]).into_owned();
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let (status, target) = path[1..].split_once("/to/").unwrap_or((&path[1..], ""));
    let body = format!("{method} {path}");
    let answer = format!(
        "HTTP/1.1 {status} Word\r\nlocation: {target}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// Health of gRPC: `good` serves, `bad` does not, others are unknown.
async fn grpc(stream: Box<dyn Stream>) {
    let service = service_fn(|request: Request<Incoming>| async {
        assert_eq!(request.uri().path(), "/grpc.health.v1.Health/Check");
        let body = request.into_body().collect().await.unwrap().to_bytes();
        let name = body.get(7..).unwrap_or_default();
        let (answer, code): (&'static [u8], &str) = match name {
            b"" | b"good" => (&[0, 0, 0, 0, 2, 8, 1], "0"),
            b"bad" => (&[0, 0, 0, 0, 2, 8, 2], "0"),
            _ => (&[], "5"),
        };
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", code.parse().unwrap());
        trailers.insert("grpc-message", "unknown service".parse().unwrap());
        let frames = [Frame::data(Bytes::from_static(answer)), Frame::trailers(trailers)];
        let body = StreamBody::new(futures::stream::iter(frames.map(Ok::<_, Infallible>)));
        Ok::<_, Infallible>(Response::builder().header("content-type", "application/grpc").body(body).unwrap())
    });
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // The client ends the connection when it has its answer.
    drop(server.serve_connection(TokioIo::new(stream), service).await);
}

#[tokio::test]
async fn http_follows_redirects_at_home_only() {
    let address = serve(None, http1).await;
    let other = serve(None, http1).await;
    let ask = async |path: String, change: fn(&mut CheckDefinition)| {
        let mut definition = CheckDefinition { http: format!("http://{address}/{path}"), ..CheckDefinition::default() };
        change(&mut definition);
        run("http", definition).await
    };
    let home = ask("301/to//200".into(), |_| {}).await;
    assert_eq!(home.status, CheckStatus::Passing, "{home:?}");
    let named = ask(format!("302/to/http://{address}/429"), |_| {}).await;
    assert_eq!(named.status, CheckStatus::Warning, "{named:?}");
    let elsewhere = ask(format!("302/to/http://{other}/200"), |_| {}).await;
    assert_eq!(elsewhere.status, CheckStatus::Critical, "{elsewhere:?}");
    let guess = ask(format!("302/to///{other}/200"), |_| {}).await;
    assert_eq!(guess.status, CheckStatus::Critical, "{guess:?}");
    let disabled = ask("301/to//200".into(), |definition| definition.disable_redirects = true).await;
    assert!(disabled.output.contains("301 Moved Permanently"), "{disabled:?}");
    let post = ask("307/to//200".into(), |definition| definition.method = "POST".into()).await;
    assert!(post.output.contains("Output: POST /200"), "{post:?}");
    let post = ask("303/to//200".into(), |definition| definition.method = "POST".into()).await;
    assert!(post.output.contains("Output: GET /200"), "{post:?}");
    let scheme = run("http", CheckDefinition { http: "ftp://x/".into(), ..CheckDefinition::default() }).await;
    assert_eq!(scheme.output, "Get \"ftp://x/\": unsupported protocol scheme \"ftp\"");
}

#[test]
fn failures_name_the_request_as_consul_does() {
    let request = |method: &str| {
        let definition =
            CheckDefinition { http: "http://x/".into(), method: method.into(), ..CheckDefinition::default() };
        let Some(Method::Probe(probe)) = Method::of(&check("c", "", "http", definition), &Settings::default()) else {
            panic!()
        };
        let super::super::method::Target::Http(request) = probe.target else { panic!() };
        http::named(&request)
    };
    assert_eq!([request(""), request("POST")], ["Get \"http://x/\"", "Post \"http://x/\""]);
}

#[tokio::test]
async fn tls_is_verified_unless_the_check_says_otherwise() {
    let Identity { acceptor, trust, _file } = identity("http/1.1");
    let address = serve(Some(acceptor), http1).await;
    let url = format!("https://{address}/200");
    let ask = async |server_name: &str, skip_verify: bool, trust: &Certificates| {
        let tls_server_name = server_name.to_owned();
        let http = CheckDefinition {
            http: url.clone(),
            tls_server_name,
            tls_skip_verify: skip_verify,
            ..CheckDefinition::default()
        };
        let tcp = CheckDefinition { tcp: address.clone(), tcp_use_tls: true, ..http.clone() };
        let found = (run_with("http", http, trust.clone()).await, run_with("tcp", tcp, trust.clone()).await);
        assert_eq!(found.0.status, found.1.status, "{found:?}");
        found.0
    };
    assert_eq!(ask("localhost", false, &trust).await.status, CheckStatus::Passing);
    assert_eq!(ask("", true, &Certificates::default()).await.status, CheckStatus::Passing);
    for (name, trust) in [("elsewhere", &trust), ("", &trust)] {
        let refused = ask(name, false, trust).await;
        assert!(refused.status == CheckStatus::Critical && refused.output.contains("tls: "), "{refused:?}");
    }
    let stranger = identity("http/1.1");
    assert_eq!(ask("localhost", false, &stranger.trust).await.status, CheckStatus::Critical);
}

#[tokio::test]
async fn grpc_says_how_its_services_are() {
    let Identity { acceptor, trust, _file } = identity("h2");
    let (plain, secure) = (serve(None, grpc).await, serve(Some(acceptor), grpc).await);
    for (address, grpc_use_tls) in [(plain, false), (secure, true)] {
        let ask = async |service: &str| {
            let definition = CheckDefinition {
                grpc: format!("{address}{service}"),
                grpc_use_tls,
                tls_server_name: "localhost".into(),
                ..CheckDefinition::default()
            };
            run_with("grpc", definition, trust.clone()).await
        };
        for service in ["", "/good"] {
            let good = ask(service).await;
            assert_eq!(good, Outcome::passing(format!("gRPC check {address}{service}: success")));
        }
        assert_eq!(ask("/bad").await, Outcome::critical("gRPC application didn't report service healthy".into()));
        let unknown = ask("/none").await;
        assert_eq!(unknown, Outcome::critical("rpc error: code = NotFound desc = unknown service".into()));
    }
    let gone = run("grpc", CheckDefinition { grpc: "127.0.0.1:1".into(), ..CheckDefinition::default() }).await;
    assert!(gone.output.contains("Error while dialing dial tcp 127.0.0.1:1: connect: connection refused"), "{gone:?}");
}

#[tokio::test]
async fn an_http2_server_answers_pings_and_others_do_not() {
    let Identity { acceptor, trust, _file } = identity("h2");
    let (plain, secure, other) = (serve(None, grpc).await, serve(Some(acceptor), grpc).await, serve(None, http1).await);
    let ask = async |h2ping: &String, tls: Option<bool>| {
        let definition = CheckDefinition {
            h2ping: h2ping.clone(),
            h2ping_use_tls: tls,
            tls_server_name: "localhost".into(),
            ..CheckDefinition::default()
        };
        run_with("h2ping", definition, trust.clone()).await
    };
    assert_eq!(ask(&plain, Some(false)).await, Outcome::passing("HTTP2 ping was successful".into()));
    // Unsaid, the connection is secure.
    assert_eq!(ask(&secure, None).await, Outcome::passing("HTTP2 ping was successful".into()));
    assert_eq!(ask(&plain, None).await.status, CheckStatus::Critical);
    assert_eq!(ask(&other, Some(false)).await.status, CheckStatus::Critical);
}

#[tokio::test]
async fn udp_is_critical_where_the_port_is_closed() {
    let open = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let udp = open.local_addr().unwrap().to_string();
    let definition = || CheckDefinition { udp: udp.clone(), ..CheckDefinition::default() };
    assert_eq!(run("udp", definition()).await, Outcome::passing(format!("UDP connect {udp}: Success")));
    drop(open);
    let closed = run("udp", definition()).await;
    assert_eq!(closed, Outcome::critical(format!("read udp {udp}: connection refused")));
}

#[tokio::test]
async fn the_exit_code_of_a_command_is_its_status() {
    let script = async |text: &str| {
        let script_args = ["sh", "-c", text].map(str::to_owned).to_vec();
        run("script", CheckDefinition { script_args, output_max_size: 100, ..CheckDefinition::default() }).await
    };
    assert_eq!(script("echo fine; echo odd >&2").await, Outcome::passing("fine\nodd\n".into()));
    assert_eq!(script("exit 1").await.status, CheckStatus::Warning);
    assert_eq!(script("exit 2").await.status, CheckStatus::Critical);
    assert_eq!(script("kill -9 $$").await.status, CheckStatus::Critical);
    let long = script("seq 1 100").await;
    assert!(
        long.output.starts_with("Captured 100 of 292 bytes\n...\n") && long.output.ends_with("99\n100\n"),
        "{long:?}"
    );
    let none =
        run("script", CheckDefinition { script_args: vec!["/no/such".into()], ..CheckDefinition::default() }).await;
    assert_eq!(none.status, CheckStatus::Critical);
}

#[tokio::test]
async fn a_command_ends_with_what_it_has_started() {
    let started = Instant::now();
    let left = "sleep 600 & echo started; exit 0";
    let definition =
        CheckDefinition { script_args: ["sh", "-c", left].map(str::to_owned).to_vec(), ..CheckDefinition::default() };
    assert_eq!(run("script", definition).await, Outcome::passing("started\n".into()));
    assert!(started.elapsed() < Duration::from_secs(120));
    let mark = tempfile::NamedTempFile::new().unwrap();
    let slow = format!("(sleep 1; echo late > {}) & wait", mark.path().display());
    let definition =
        CheckDefinition { script_args: ["sh", "-c", &slow].map(str::to_owned).to_vec(), ..CheckDefinition::default() };
    let given_up = timeout(Duration::from_millis(200), run("script", definition)).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(std::fs::read_to_string(mark.path()).unwrap(), "");
}
