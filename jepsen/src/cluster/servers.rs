//! The servers of a run.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::future::join_all;
use parking_lot::Mutex;
use rustix::process::Signal;

use super::process::{End, Process};
use super::system::{Place, Roster, System, View};
use crate::client::{Client, Connect, HttpClient};
use crate::disk::Disk;
use crate::history::{Exit, JsonLines, Recorder};
use crate::native::Native;
use crate::net::Network;
use crate::shim::Shim;

/// What a cluster is made of.
pub struct Setup {
    pub system: Arc<dyn System>,
    pub network: Arc<dyn Network>,
    pub recorder: Recorder,
    pub native: Option<Native>,
    /// The run's folder.
    pub dir: PathBuf,
    /// The size of each server's disk; without, data lies in plain folders.
    pub disk_mib: Option<u64>,
}

/// The servers of a run, those that were removed included.
pub struct Cluster {
    pub setup: Setup,
    servers: Mutex<BTreeMap<String, Server>>,
    exits: JsonLines,
}

struct Server {
    place: Place,
    disk: Disk,
    shim: Option<Arc<Shim>>,
    process: Option<Process>,
    boot: u64,
    /// The data dir was emptied or replaced since the boot before.
    fresh: bool,
    /// Whether clients talk to it and healing starts it.
    member: bool,
    /// It lost its data: the others know it as a member that is gone, and it joins like any newcomer.
    newcomer: bool,
    /// It is a cluster of its own and knows nobody of this one.
    alone: bool,
    /// More arguments for the next start only.
    extra: Vec<String>,
}

impl Cluster {
    /// A cluster of so many servers, not started.
    ///
    /// # Errors
    /// When the system refuses a network or a disk.
    pub fn new(setup: Setup, servers: u8) -> Result<Self> {
        for dir in ["data", "logs", "shims"] {
            std::fs::create_dir_all(setup.dir.join(dir))?;
        }
        let exits = JsonLines::create(&setup.dir.join("exits.jsonl"))?;
        let cluster = Self { setup, servers: Mutex::new(BTreeMap::new()), exits };
        for number in 1..=servers {
            cluster.furnish(number, true)?;
        }
        Ok(cluster)
    }

    /// A place for one more server, which is not a founder.
    ///
    /// # Errors
    /// When the system refuses a network or a disk.
    pub fn add(&self) -> Result<String> {
        let number = self.servers.lock().values().map(|server| server.place.number).max().unwrap_or(0) + 1;
        self.furnish(number, false)
    }

    /// A place for a server that is a cluster of its own. Neither clients nor healing nor the watchman see it.
    ///
    /// # Errors
    /// When the system refuses a network or a disk.
    pub fn add_alone(&self) -> Result<String> {
        let name = self.add()?;
        if let Some(server) = self.servers.lock().get_mut(&name) {
            (server.member, server.alone) = (false, true);
        }
        Ok(name)
    }

    fn furnish(&self, number: u8, founder: bool) -> Result<String> {
        let (setup, name) = (&self.setup, format!("s{number}"));
        let plug = setup.network.plug(number, setup.system.peer_port())?;
        let data = setup.dir.join("data");
        let disk = match (setup.disk_mib, &setup.native) {
            (Some(mib), Some(native)) => Disk::image(&data, &name, mib, &native.tool)?,
            (Some(_) | None, _) => Disk::folder(&data, &name)?,
        };
        let preloads = setup.native.is_some() && setup.system.preloads();
        let shim = preloads.then(|| Shim::create(&setup.dir.join("shims").join(&name))).transpose()?.map(Arc::new);
        let (client, bind, advertise) = (plug.client, plug.bind, plug.advertise);
        let (data, space) = (disk.path().join("data"), plug.space);
        let place = Place { name: name.clone(), number, client, bind, advertise, data, space, founder };
        let server = Server {
            place,
            disk,
            shim,
            process: None,
            boot: 0,
            fresh: true,
            member: true,
            newcomer: false,
            alone: false,
            extra: Vec::new(),
        };
        self.servers.lock().insert(name.clone(), server);
        Ok(name)
    }

    /// Starts a server that does not run.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be started.
    pub fn start(&self, name: &str) -> Result<()> {
        self.reap();
        let mut servers = self.servers.lock();
        let places = |wanted: fn(&Server) -> bool| {
            servers.values().filter(|server| wanted(server)).map(|server| server.place.clone()).collect()
        };
        let mut roster =
            Roster { founders: places(|server| server.place.founder), members: places(|server| server.member) };
        let server = servers.get_mut(name).with_context(|| format!("no server {name}"))?;
        if server.process.is_some() {
            return Ok(());
        }
        std::fs::create_dir_all(&server.place.data)?;
        let founder = server.alone || (server.place.founder && !server.newcomer);
        let me = Place { founder, ..server.place.clone() };
        if server.alone {
            roster = Roster { founders: vec![me.clone()], members: vec![me.clone()] };
        }
        // Enters the namespace and becomes the program: the process is the same.
        let door = |space: &PathBuf| ["nsenter".to_owned(), format!("--net={}", space.display())];
        let mut words: Vec<String> = server.place.space.iter().flat_map(door).collect();
        words.push(self.setup.system.program().display().to_string());
        words.extend(self.setup.system.args(&me, &roster));
        words.append(&mut server.extra);
        let mut env = self.setup.system.env();
        if let (Some(shim), Some(native)) = (&server.shim, &self.setup.native) {
            env.push(("LD_PRELOAD".to_owned(), native.shim.display().to_string()));
            env.push(("WEFTJ_SHIM".to_owned(), shim.path.display().to_string()));
        }
        let log = self.setup.dir.join("logs").join(format!("{name}.log"));
        let process = Process::start(&words, &env, &log)?;
        self.setup.network.started(server.place.number, process.pid);
        server.boot += 1;
        server.process = Some(process);
        Ok(())
    }

    /// Sends SIGKILL and waits for the end.
    pub async fn kill(&self, name: &str, why: &str) {
        self.end(name, Signal::KILL, why, Duration::from_secs(20)).await;
    }

    /// Sends a signal that ends the process, and waits; after the patience it is killed, which is no excuse.
    pub async fn end(&self, name: &str, signal: Signal, why: &str, patience: Duration) {
        self.excuse(name, why);
        self.signal(name, signal);
        if signal == Signal::KILL || self.is_paused(name) {
            self.signal(name, Signal::CONT);
        }
        let deadline = tokio::time::Instant::now() + patience;
        while self.runs(name) && tokio::time::Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if self.runs(name) {
            self.setup.recorder.mark(
                crate::history::MarkerKind::Unexpected,
                format!("{name} did not end within {patience:?} of a signal ({why})"),
            );
            self.signal(name, Signal::KILL);
            tokio::time::sleep(Duration::from_millis(200)).await;
            self.reap();
        }
    }

    /// From now on an end of that process is no surprise.
    pub fn excuse(&self, name: &str, why: &str) {
        self.with_process(name, |process| process.excuse = Some(why.to_owned()));
    }

    /// From now on its end would be one.
    pub fn accuse(&self, name: &str) {
        self.with_process(name, |process| process.excuse = None);
    }

    /// Stops a process where it is, or lets it go on.
    pub fn pause(&self, name: &str, pause: bool) {
        self.signal(name, if pause { Signal::STOP } else { Signal::CONT });
        self.with_process(name, |process| process.paused = pause);
    }

    fn is_paused(&self, name: &str) -> bool {
        let mut paused = false;
        self.with_process(name, |process| paused = process.paused);
        paused
    }

    fn signal(&self, name: &str, signal: Signal) {
        self.with_process(name, |process| process.signal(signal));
    }

    fn with_process(&self, name: &str, act: impl FnOnce(&mut Process)) {
        if let Some(process) = self.servers.lock().get_mut(name).and_then(|server| server.process.as_mut()) {
            act(process);
        }
    }

    /// Whether its process runs.
    pub fn runs(&self, name: &str) -> bool {
        self.reap();
        self.servers.lock().get(name).is_some_and(|server| server.process.is_some())
    }

    /// Notes every process that has ended. Called often.
    pub fn reap(&self) {
        for (name, server) in &mut *self.servers.lock() {
            let Some(end) = server.process.as_mut().and_then(Process::ended) else { continue };
            server.process = None;
            let exit = self.exit(name, server.boot, end);
            let _ = self.exits.write(&exit);
        }
    }

    fn exit(&self, name: &str, boot: u64, end: End) -> Exit {
        Exit {
            ns: self.setup.recorder.now_ns(),
            server: name.to_owned(),
            boot,
            code: end.code,
            signal: end.signal,
            expected: end.excuse.is_some(),
            why: end.excuse.unwrap_or_default(),
        }
    }

    /// From now on clients and healing leave it alone.
    pub fn retire(&self, name: &str) {
        if let Some(server) = self.servers.lock().get_mut(name) {
            server.member = false;
        }
    }

    /// Empties the data dir of a server that does not run; its next boot has nothing to do with the one before.
    ///
    /// # Errors
    /// When the folder cannot be emptied.
    pub fn wipe(&self, name: &str, extra: &[&str]) -> Result<()> {
        let mut servers = self.servers.lock();
        let server = servers.get_mut(name).with_context(|| format!("no server {name}"))?;
        if server.process.is_some() {
            bail!("{name} runs");
        }
        std::fs::remove_dir_all(&server.place.data)?;
        server.fresh = true;
        server.extra = extra.iter().map(|word| (*word).to_owned()).collect();
        server.newcomer = true;
        Ok(())
    }

    /// The names of all members, dead ones included.
    #[must_use]
    pub fn members(&self) -> Vec<String> {
        let servers = self.servers.lock();
        servers.values().filter(|server| server.member).map(|server| server.place.name.clone()).collect()
    }

    /// How many servers there ever were.
    #[must_use]
    pub fn known(&self) -> usize {
        self.servers.lock().len()
    }

    /// Where a server lives.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn place(&self, name: &str) -> Result<Place> {
        self.read(name, |server| server.place.clone())
    }

    /// A server's disk.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn disk(&self, name: &str) -> Result<Disk> {
        self.read(name, |server| server.disk.clone())
    }

    /// A server's shim, if it has one.
    #[must_use]
    pub fn shim(&self, name: &str) -> Option<Arc<Shim>> {
        self.read(name, |server| server.shim.clone()).ok().flatten()
    }

    /// The process, boot and whether that boot began without data; for running servers.
    #[must_use]
    pub fn incarnation(&self, name: &str) -> Option<(u32, u64, bool)> {
        self.read(name, |server| server.process.as_ref().map(|process| (process.pid, server.boot, server.fresh)))
            .ok()
            .flatten()
    }

    /// An answer of that boot is on record: only the first one is fresh. A late one says nothing of a disk that was lost
    /// meanwhile.
    pub fn seen(&self, name: &str, boot: u64) {
        let mut servers = self.servers.lock();
        if let Some(server) = servers.get_mut(name).filter(|server| server.process.is_some() && server.boot == boot) {
            server.fresh = false;
        }
    }

    fn read<T>(&self, name: &str, look: impl FnOnce(&Server) -> T) -> Result<T> {
        self.servers.lock().get(name).map(look).with_context(|| format!("no server {name}"))
    }

    /// Where a server is reached by clients.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn address(&self, name: &str) -> Result<SocketAddr> {
        self.read(name, |server| SocketAddr::from((server.place.client, self.setup.system.client_port())))
    }

    /// What a server says about itself.
    pub async fn view(&self, name: &str) -> Option<View> {
        self.setup.system.view(&self.place(name).ok()?).await
    }

    /// What all running members say about themselves.
    pub async fn views(&self) -> BTreeMap<String, View> {
        let running: Vec<String> = self.members().into_iter().filter(|name| self.runs(name)).collect();
        let views = join_all(running.iter().map(|name| self.view(name))).await;
        running.into_iter().zip(views).filter_map(|(name, view)| Some((name, view?))).collect()
    }

    /// The leader of the highest term that anybody claims to lead.
    pub async fn leader(&self) -> Option<String> {
        let views = self.views().await;
        let leaders = views.into_iter().filter(|(_, view)| view.leads);
        leaders.max_by_key(|(_, view)| view.term).map(|(name, _)| name)
    }

    /// Waits until somebody leads.
    ///
    /// # Errors
    /// When nobody does within that time.
    pub async fn await_leader(&self, patience: Duration) -> Result<String> {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            if let Some(leader) = self.leader().await {
                return Ok(leader);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("nobody leads after {patience:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Starts all members that do not run.
    ///
    /// # Errors
    /// When one cannot be started.
    pub fn start_all(&self) -> Result<()> {
        self.members().iter().try_for_each(|name| self.start(name))
    }

    /// Ends all processes.
    pub async fn stop_all(&self) {
        let names: Vec<String> = self.servers.lock().keys().cloned().collect();
        for name in names {
            self.kill(&name, "the run is over").await;
        }
    }
}

impl Connect for Cluster {
    fn once(&self) -> bool {
        self.setup.system.name() == "weft"
    }

    fn servers(&self) -> Vec<String> {
        self.members()
    }

    fn client(&self, server: &str) -> Box<dyn Client> {
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        Box::new(HttpClient::new(server, self.address(server).unwrap_or(nowhere)))
    }
}
