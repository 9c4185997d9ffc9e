#![allow(clippy::unwrap_used)]

mod probes;

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use weft_model::catalog::{Node, Service};
use weft_model::command::Target;
use weft_model::health::{Check, CheckDefinition};
use weft_model::registration::{Registration, ServiceRegistration};
use weft_model::{Command, GoDuration};
use weft_state::{State, StateView};

use super::*;
use crate::testing;

/// A node with its checks running, over a log that is only a counter.
struct Rig {
    store: Arc<Store>,
    checks: Checks,
    _tasks: [JoinHandle<()>; 2],
}

const NODE: &str = "n1";

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

impl Rig {
    fn start() -> Self {
        Self::start_on(State::default())
    }

    fn start_on(state: State) -> Self {
        Self::start_with(state, Settings::default())
    }

    fn start_with(state: State, settings: Settings) -> Self {
        let (store, order) = testing::store(state);
        let (checks, mut runner) = Checks::new(NODE.into(), Arc::clone(&store), settings);
        runner.reap_min = Duration::from_millis(1000);
        Self { store, checks, _tasks: [order, tokio::spawn(runner.run())] }
    }

    async fn register(&self, service: &str, checks: Vec<Check>) {
        let registration = Registration {
            node: Node { name: NODE.into(), address: "127.0.0.1".into(), ..Node::default() },
            services: vec![ServiceRegistration {
                service: Service { id: service.into(), name: service.into(), ..Service::default() },
                replace_checks: true,
                port_range: None,
            }],
            checks,
            keep_status: true,
            ..Registration::default()
        };
        self.store.propose(Command::Register(Box::new(registration))).await.unwrap();
    }

    fn check(&self, id: &str) -> Option<Check> {
        let state = self.store.current();
        StateView::new(&state).check(&NODE.into(), &id.into()).map(|check| (*check.value).clone())
    }

    async fn until(&self, id: &str, status: CheckStatus) -> Check {
        self.until_it(id, |check| check.status == status).await
    }

    /// Waits for the first result of a check that starts critical.
    async fn until_judged(&self, id: &str) -> Check {
        self.until_it(id, |check| !check.output.is_empty()).await
    }

    async fn until_it(&self, id: &str, is_so: impl Fn(&Check) -> bool) -> Check {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let check = self.check(id).unwrap();
            if is_so(&check) {
                return check;
            }
            assert!(Instant::now() < deadline, "{check:?}");
            sleep(Duration::from_millis(2)).await;
        }
    }

    fn has(&self, service: &str) -> bool {
        let state = self.store.current();
        StateView::new(&state).service(&NODE.into(), &service.into()).is_some()
    }

    async fn beat(&self, id: &str, status: CheckStatus, output: &str) -> Result<(), HeartbeatError> {
        self.checks.heartbeat(id.into(), status, output.to_owned()).await
    }
}

fn check(id: &str, service: &str, kind: &str, definition: CheckDefinition) -> Check {
    Check {
        node: NODE.into(),
        id: id.into(),
        name: id.to_owned(),
        status: CheckStatus::Critical,
        notes: String::new(),
        output: String::new(),
        service_id: service.into(),
        service_name: service.into(),
        service_tags: Vec::new(),
        kind: kind.to_owned(),
        definition: definition.into(),
        definition_public: false,
    }
}

fn millis(millis: u64) -> GoDuration {
    GoDuration(Duration::from_millis(millis))
}

fn ttl(id: &str, service: &str, after: u64) -> Check {
    check(id, service, "ttl", CheckDefinition { ttl: millis(after), ..CheckDefinition::default() })
}

fn tcp(id: &str, service: &str, address: &str) -> Check {
    let definition = CheckDefinition { tcp: address.to_owned(), interval: millis(100), ..CheckDefinition::default() };
    check(id, service, "tcp", definition)
}

fn http(id: &str, service: &str, url: String) -> Check {
    let definition =
        CheckDefinition { http: url, interval: millis(100), timeout: millis(300), ..CheckDefinition::default() };
    check(id, service, "http", definition)
}

fn alias(id: &str, service: &str, of: &str) -> Check {
    check(id, service, "alias", CheckDefinition { alias_service: of.into(), ..CheckDefinition::default() })
}

#[tokio::test]
async fn silence_turns_a_ttl_check_critical_with_its_last_words() {
    let rig = Rig::start();
    rig.register("web", vec![ttl("c", "web", 300)]).await;
    rig.beat("c", CheckStatus::Passing, "all fine").await.unwrap();
    assert_eq!(rig.check("c").unwrap().status, CheckStatus::Passing);
    let passed = Instant::now();
    let check = rig.until("c", CheckStatus::Critical).await;
    assert_eq!(check.output, "TTL expired (last output before timeout follows): all fine");
    assert!(passed.elapsed() >= Duration::from_millis(250), "{:?}", passed.elapsed());
}

#[tokio::test]
async fn a_heartbeat_that_says_nothing_new_writes_nothing_and_keeps_the_check_alive() {
    let rig = Rig::start();
    rig.register("web", vec![ttl("c", "web", 1000)]).await;
    rig.beat("c", CheckStatus::Passing, "ok").await.unwrap();
    let index = rig.store.current().index();
    for _ in 0..8 {
        sleep(Duration::from_millis(200)).await;
        rig.beat("c", CheckStatus::Passing, "ok").await.unwrap();
    }
    assert_eq!(rig.store.current().index(), index);
    rig.beat("c", CheckStatus::Warning, "hm").await.unwrap();
    assert_eq!(rig.check("c").unwrap().status, CheckStatus::Warning);
}

#[tokio::test]
async fn heartbeats_of_unknown_and_of_probed_checks_are_refused() {
    let rig = Rig::start();
    rig.register("web", vec![tcp("t", "web", "127.0.0.1:1")]).await;
    let refused = rig.beat("nope", CheckStatus::Passing, "").await;
    assert_eq!(refused, Err(HeartbeatError::Unknown("nope".into())));
    let refused = rig.beat("t", CheckStatus::Passing, "").await;
    assert_eq!(refused, Err(HeartbeatError::NotTtl("t".into())));
}

#[tokio::test]
async fn a_restarted_agent_gives_a_full_ttl() {
    let rig = Rig::start();
    rig.register("web", vec![ttl("c", "web", 1200)]).await;
    rig.beat("c", CheckStatus::Passing, "ok").await.unwrap();
    let state = State::clone(&rig.store.current());
    sleep(Duration::from_millis(800)).await;
    let rig = Rig::start_on(state);
    sleep(Duration::from_millis(800)).await;
    assert_eq!(rig.check("c").unwrap().status, CheckStatus::Passing);
    rig.until("c", CheckStatus::Critical).await;
}

#[tokio::test]
async fn centuries_are_no_trouble() {
    let rig = Rig::start();
    let mut probe = tcp("t", "web", "127.0.0.1:1");
    probe.definition.interval = GoDuration::from_secs(9_000_000_000);
    probe.definition.timeout = GoDuration::from_secs(9_000_000_000);
    rig.register("web", vec![ttl("c", "web", 9_000_000_000_000), probe]).await;
    rig.beat("c", CheckStatus::Passing, "ok").await.unwrap();
    rig.until_judged("t").await;
    rig.beat("c", CheckStatus::Warning, "ok").await.unwrap();
}

#[tokio::test]
async fn a_tcp_check_follows_its_port() {
    let rig = Rig::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    rig.register("web", vec![tcp("t", "web", &address)]).await;
    let check = rig.until("t", CheckStatus::Passing).await;
    assert_eq!(check.output, format!("TCP connect {address}: Success"));
    drop(listener);
    let check = rig.until("t", CheckStatus::Critical).await;
    assert!(check.output.starts_with(&format!("dial tcp {address}: ")), "{}", check.output);
}

#[tokio::test]
async fn a_changed_address_is_probed_anew_and_the_old_probe_says_nothing_more() {
    let rig = Rig::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    rig.register("web", vec![tcp("t", "web", &address)]).await;
    rig.until("t", CheckStatus::Passing).await;
    rig.register("web", vec![tcp("t", "web", "127.0.0.1:1")]).await;
    rig.until("t", CheckStatus::Critical).await;
    sleep(Duration::from_millis(300)).await;
    assert_eq!(rig.check("t").unwrap().status, CheckStatus::Critical);
}

/// Answers each path with the status that it names, and hangs on `/hang`.
async fn serve(listener: TcpListener) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned();
            if path == "hang" {
                sleep(Duration::from_secs(60)).await;
            }
            let body = "x".repeat(9000);
            let answer = format!("HTTP/1.1 {path} Word\r\nlocation: /200\r\ncontent-length: 9000\r\n\r\n{body}");
            // The client may have read enough.
            drop(stream.write_all(answer.as_bytes()).await);
        });
    }
}

#[tokio::test]
async fn the_status_code_decides_about_an_http_check() {
    let rig = Rig::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let _server = tokio::spawn(serve(listener));
    let url = |path: &str| format!("http://{address}/{path}");
    let checks = ["200", "204", "429", "302", "500", "hang"].map(|path| http(path, "web", url(path)));
    rig.register("web", checks.into()).await;
    let check = rig.until("200", CheckStatus::Passing).await;
    assert!(check.output.starts_with(&format!("HTTP GET {}: 200 OK Output: xxx", url("200"))), "{}", check.output);
    assert_eq!(check.output.len(), 4096);
    rig.until("204", CheckStatus::Passing).await;
    // It leads to /200 of the same server.
    rig.until("302", CheckStatus::Passing).await;
    rig.until("429", CheckStatus::Warning).await;
    for (path, output) in [("500", "500 Internal Server Error"), ("hang", "timed out after 300ms")] {
        let check = rig.until_judged(path).await;
        assert_eq!(check.status, CheckStatus::Critical, "{path}");
        assert!(check.output.contains(output), "{path}: {}", check.output);
    }
}

#[tokio::test]
async fn an_alias_shows_the_worst_of_its_service_and_its_absence() {
    let rig = Rig::start();
    rig.register("proxy", vec![alias("a", "proxy", "web")]).await;
    let missing = rig.until_judged("a").await;
    assert_eq!(
        (missing.status, missing.output.as_str()),
        (CheckStatus::Critical, "Service web could not be found on node n1")
    );
    rig.register("web", vec![]).await;
    assert_eq!(rig.until("a", CheckStatus::Passing).await.output, "No checks found.");
    rig.register("web", vec![ttl("one", "web", 10_000), ttl("two", "web", 10_000)]).await;
    rig.until("a", CheckStatus::Critical).await;
    rig.beat("one", CheckStatus::Passing, "").await.unwrap();
    rig.beat("two", CheckStatus::Warning, "hot").await.unwrap();
    assert_eq!(rig.until("a", CheckStatus::Warning).await.output, "Aliased check \"two\" failing: hot");
    rig.beat("two", CheckStatus::Passing, "").await.unwrap();
    assert_eq!(rig.until("a", CheckStatus::Passing).await.output, "All checks passing.");
    let web = Target::Service("web".into());
    rig.store.propose(Command::Deregister { node: NODE.into(), target: web }).await.unwrap();
    rig.until("a", CheckStatus::Critical).await;
}

#[tokio::test]
async fn a_kind_that_cannot_be_run_says_so() {
    let rig = Rig::start();
    rig.register("web", vec![check("d", "web", "docker", CheckDefinition::default())]).await;
    assert_eq!(rig.until_judged("d").await.output, "check type docker is not supported");
    let maintenance = check("_service_maintenance:web", "web", "maintenance", CheckDefinition::default());
    rig.register("web", vec![maintenance]).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(rig.check("_service_maintenance:web").unwrap().output, "");
}

#[tokio::test]
async fn a_new_proxy_is_probed_before_its_interval() {
    let rig = Rig::start();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let mut slow = tcp("t", "web", &address.to_string());
    slow.definition.interval = GoDuration::from_secs(60);
    rig.register("web", vec![slow]).await;
    assert_eq!(rig.until_judged("t").await.status, CheckStatus::Critical);
    let _listener = TcpListener::bind(address).await.unwrap();
    rig.checks.probe_soon("web".into());
    rig.until("t", CheckStatus::Passing).await;
}

#[tokio::test]
async fn a_service_that_stays_critical_is_deregistered_and_one_that_recovers_is_not() {
    let rig = Rig::start();
    let reaped = |id: &str, service: &str| {
        let mut check = ttl(id, service, 60_000);
        check.definition.deregister_critical_service_after = millis(1);
        check
    };
    rig.register("web", vec![reaped("w", "web")]).await;
    rig.register("api", vec![reaped("a", "api")]).await;
    sleep(Duration::from_millis(300)).await;
    rig.beat("a", CheckStatus::Passing, "").await.unwrap();
    let deadline = Instant::now() + PATIENCE;
    while rig.has("web") {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(2)).await;
    }
    // The other one's time was up at nearly the same moment.
    sleep(Duration::from_millis(300)).await;
    assert!(rig.has("api"));
}

#[tokio::test]
async fn commands_are_run_only_on_the_word_of_those_who_may() {
    let script = |id: &str, from_file| {
        let script_args = ["sh", "-c", "echo hello; exit 1"].map(str::to_owned).to_vec();
        let definition =
            CheckDefinition { script_args, interval: millis(100), from_file, ..CheckDefinition::default() };
        check(id, "web", "script", definition)
    };
    for (scripts, file, remote) in
        [(Scripts::None, false, false), (Scripts::FromFiles, true, false), (Scripts::FromAnyone, true, true)]
    {
        let rig = Rig::start_with(State::default(), Settings { scripts, ..Settings::default() });
        rig.register("web", vec![script("file", true), script("remote", false)]).await;
        for (id, may) in [("file", file), ("remote", remote)] {
            let check = rig.until_judged(id).await;
            if may {
                assert_eq!(
                    (check.status, check.output.as_str()),
                    (CheckStatus::Warning, "hello\n"),
                    "{scripts:?} {id}"
                );
            } else {
                assert!(check.output.starts_with("Scripts are disabled on this agent"), "{scripts:?} {id}: {check:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_probe_that_changes_its_mind_needs_as_many_results_as_its_check_says() {
    let rig = Rig::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut damped = tcp("t", "web", &listener.local_addr().unwrap().to_string());
    damped.definition.success_before_passing = 3;
    damped.definition.failures_before_warning = 2;
    damped.definition.failures_before_critical = 40;
    rig.register("web", vec![damped]).await;
    let started = Instant::now();
    rig.until("t", CheckStatus::Passing).await;
    assert!(started.elapsed() >= Duration::from_millis(180), "{:?}", started.elapsed());
    drop(listener);
    rig.until("t", CheckStatus::Warning).await;
}

#[tokio::test]
async fn results_that_say_nothing_new_write_nothing() {
    let rig = Rig::start();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    rig.register("web", vec![tcp("t", "web", &listener.local_addr().unwrap().to_string())]).await;
    rig.until("t", CheckStatus::Passing).await;
    let index = rig.store.current().index();
    for _ in 0..5 {
        listener.accept().await.unwrap();
    }
    assert_eq!(rig.store.current().index(), index);
}

#[tokio::test]
async fn outputs_are_as_long_as_check_and_agent_allow() {
    let rig = Rig::start_with(State::default(), Settings { output_max: 100, ..Settings::default() });
    let mut short = ttl("short", "web", 10_000);
    short.definition.output_max_size = 10;
    let mut long = ttl("long", "web", 10_000);
    long.definition.output_max_size = 1000;
    rig.register("web", vec![short, long]).await;
    for (id, length) in [("short", 10), ("long", 100)] {
        rig.beat(id, CheckStatus::Passing, &"x".repeat(200)).await.unwrap();
        let expected = format!("{} ... (captured {length} of 200 bytes)", "x".repeat(length));
        assert_eq!(rig.check(id).unwrap().output, expected);
    }
    let silent = Rig::start_with(State::default(), Settings { discard_output: true, ..Settings::default() });
    silent.register("web", vec![ttl("c", "web", 10_000)]).await;
    silent.beat("c", CheckStatus::Passing, "secret").await.unwrap();
    assert_eq!(silent.check("c").unwrap().output, "");
}
