//! One run: acts as the user would, through the API, on what the event stream says.

use crate::api::Api;
use crate::cli::Until;
use crate::drill::{Drill, Killed};
use crate::error::{Doing, Error, Result};
use crate::events::{self, Event};
use crate::installer;
use crate::narrate::Narrator;
use crate::phases::{self, Milestones};
use crate::plan::Plan;
use crate::qemu::Machine;
use crate::server::Server;
use crate::ssh;
use crate::webhook::Strip;
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// How long the server stays dead in a drill.
const DOWN: Duration = Duration::from_secs(2);

/// How long a boot loader may take to turn its machine off, once it knows that there is nothing to boot. The server's
/// power driver would come later.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

/// What a step that the lab took as the user came to.
struct Done {
    index: usize,
    said: String,
    found: Found,
}

/// What the lab knows after a step.
enum Found {
    /// Nothing new.
    Nothing,
    /// The deployed machine was looked into, at this address.
    Visited(String),
    /// The released machine, turned on without a reason, turned itself off.
    Idle,
}

type Step = Result<(String, Found)>;

/// A run in progress.
pub(crate) struct Run<'a> {
    plan: &'a Plan,
    machines: &'a [Arc<Machine>],
    strip: Strip,
    server: Server,
    api: Api,
    events: mpsc::Receiver<Event>,
    events_file: std::fs::File,
    narrator: Narrator,
    milestones: Vec<Milestones>,
    statuses: Vec<String>,
    /// Which of our machines an id of the server's means.
    indices: HashMap<String, usize>,
    addresses: BTreeMap<String, String>,
    visited: Vec<bool>,
    /// Turned on after the release, without a reason.
    idling: Vec<bool>,
    idled: Vec<bool>,
    drill: Option<Drill>,
    tasks: JoinSet<Result<Done>>,
    /// The run is over and somebody looks on: nothing is done for them, and a failure is their business.
    is_over: bool,
}

impl<'a> Run<'a> {
    /// Starts the server, then powers the machines on.
    pub(crate) async fn start(plan: &'a Plan, machines: &'a [Arc<Machine>], strip: Strip, key: &str) -> Result<Self> {
        let more = match &plan.installer_mirror {
            Some(mirror) => installer::configure(&plan.work_dir, mirror)?,
            None => String::new(),
        };
        let server = Server::start(plan, "authoritative", &more).await?;
        let api = Api::open(&plan.work_dir)?;
        api.add_key(key).await?;
        let events_file =
            std::fs::File::create(plan.work_dir.join("events.jsonl")).doing("the events cannot be written down")?;
        let mut run = Self {
            plan,
            machines,
            strip,
            server,
            events: events::follow(api.clone()),
            api,
            events_file,
            narrator: Narrator::new(plan.verbose),
            milestones: machines.iter().map(|machine| Milestones::of(&machine.label())).collect(),
            statuses: vec!["unknown to the server".to_owned(); machines.len()],
            indices: HashMap::new(),
            addresses: BTreeMap::new(),
            visited: vec![false; machines.len()],
            idling: vec![false; machines.len()],
            idled: vec![false; machines.len()],
            drill: plan.kill_server_at.map(Drill::new),
            tasks: JoinSet::new(),
            is_over: false,
        };
        run.print_page().await?;
        for machine in machines {
            run.narrator.powered_on(&machine.mac(), Timestamp::now());
            machine.power_on().await?;
        }
        Ok(run)
    }

    /// Until every machine has come as far as the plan says.
    pub(crate) async fn drive(&mut self) -> Result<()> {
        while !self.is_done() {
            self.step().await?;
        }
        Ok(())
    }

    /// For ever: whoever looks on with `--keep` goes on seeing what happens.
    pub(crate) async fn follow(&mut self) -> Result<()> {
        self.is_over = true;
        loop {
            self.step().await?;
        }
    }

    /// Where every machine is, for a run that took too long.
    pub(crate) fn whereabouts(&self) -> String {
        let all: Vec<String> = self
            .milestones
            .iter()
            .zip(&self.statuses)
            .map(|(machine, status)| format!("{} is {status}", machine.name))
            .collect();
        all.join(", ")
    }

    /// The table, and what the run cost.
    pub(crate) async fn print_summary(&mut self) -> Result<()> {
        let count = self.machines.len();
        println!(
            "\n{count} machine{} with {} firmware, from a blank disk:\n",
            if count == 1 { "" } else { "s" },
            self.plan.firmware.to_string().to_uppercase()
        );
        println!("{}", phases::table(&self.milestones));
        println!("{}", phases::server_line(self.server.usage(), self.server.started_in(), self.api.waits().await?));
        if let Some(drill) = &self.drill {
            println!("{}", drill.report());
            if drill.killed.is_none() {
                return Err(Error::said("the server was never killed: the phase was not reached"));
            }
        }
        Ok(())
    }

    /// For `--keep`.
    pub(crate) async fn print_how_to_look_further(&mut self) -> Result<()> {
        println!("\nThe lab stays up until Ctrl-C. To look further:");
        self.print_page().await?;
        for name in self.addresses.keys() {
            println!("  cargo lab ssh {name}");
        }
        println!("  tail -f {}/machine-1/serial.log", self.plan.work_dir.display());
        Ok(())
    }

    async fn print_page(&self) -> Result<()> {
        let path = self.api.login_path().await?;
        println!("Web page: http://127.0.0.1:{}{path}", self.plan.web_port);
        Ok(())
    }

    fn is_done(&self) -> bool {
        let until = self.plan.until;
        self.milestones.iter().all(|machine| machine.has(until))
            && (until < Until::Deployed || self.visited.iter().all(|visited| *visited))
            && (until < Until::Released || self.idled.iter().all(|idled| *idled))
    }

    async fn step(&mut self) -> Result<()> {
        tokio::select! {
            event = self.events.recv() => match event {
                Some(event) => self.event(event).await,
                None => Err(Error::said("the event stream has ended")),
            },
            Some(done) = self.tasks.join_next() => self.done(done.doing("a task is lost")?),
            error = self.server.ended() => Err(error),
        }
    }

    async fn event(&mut self, event: Event) -> Result<()> {
        // A copy for reading after the run; a full disk shows elsewhere first.
        let _ = writeln!(self.events_file, "{}", event.raw);
        let index = self.index_of(&event).await?;
        self.narrator.event(&event);
        if self.drill.as_mut().is_some_and(|drill| drill.is_due(&event)) {
            self.kill_and_restart(&event).await?;
        }
        let Some(index) = index else { return Ok(()) };
        if self.idling.get(index) == Some(&true) {
            self.idle(index, &event)?;
        }
        if event.kind == "machine.status" { self.status(index, &event).await } else { Ok(()) }
    }

    /// A Ready machine that boots from the network gets no kernel, and its boot loader turns it off.
    fn idle(&mut self, index: usize, event: &Event) -> Result<()> {
        if event.detail("file").ends_with("vmlinuz") {
            return Err(Error::said("a Ready machine was given a kernel"));
        }
        if event.kind != "http.boot-script" {
            return Ok(());
        }
        if event.detail("answer") != "PowerOff" {
            return Err(Error::said(format!("a Ready machine was told to boot: {}", event.message)));
        }
        let Some(machine) = self.machines.get(index).cloned() else { return Ok(()) };
        // Its loader may ask more than once; the first answer starts the clock.
        if let Some(idling) = self.idling.get_mut(index) {
            *idling = false;
        }
        self.spawn(index, turns_itself_off(machine));
        Ok(())
    }

    /// Which of our machines this is about. A new id is looked up once.
    async fn index_of(&mut self, event: &Event) -> Result<Option<usize>> {
        let Some(id) = &event.machine else {
            return Ok(None);
        };
        if let Some(index) = self.indices.get(id) {
            return Ok(Some(*index));
        }
        let found = self.api.machine(id).await?;
        let index = self.machines.iter().position(|machine| {
            let ours = machine.mac();
            found.macs.iter().any(|mac| mac.eq_ignore_ascii_case(&ours))
        });
        if let Some(index) = index {
            self.indices.insert(id.clone(), index);
            if let (Some(row), Some(machine)) = (self.milestones.get_mut(index), self.machines.get(index)) {
                row.name.clone_from(&found.name);
                self.narrator.introduce(id, &found.name, &machine.mac());
            }
        }
        Ok(index)
    }

    /// A machine has got to another status: what would the user do now?
    async fn status(&mut self, index: usize, event: &Event) -> Result<()> {
        let (Some(id), Some(machine)) = (event.machine.clone(), self.machines.get(index)) else {
            return Ok(());
        };
        let status = event.detail("to").to_owned();
        let seconds = self.narrator.seconds(&machine.mac(), event.time);
        if let Some(slot) = self.statuses.get_mut(index) {
            slot.clone_from(&status);
        }
        let until = self.plan.until;
        match status.as_str() {
            "Deployed" if self.is_over => {
                self.spawn(index, look_in(self.api.clone(), id, self.plan.clone()));
            }
            _ if self.is_over => {}
            "New" => {
                self.reach(index, Until::New, seconds);
                if until > Until::New {
                    let power = self.strip.power_of(machine);
                    self.spawn(index, commission(self.api.clone(), id, power));
                }
            }
            "Ready" if self.has(index, Until::Deployed) => {
                self.reach(index, Until::Released, seconds);
                if let Some(idling) = self.idling.get_mut(index) {
                    *idling = true;
                }
                self.spawn(index, turn_on(machine.clone()));
            }
            "Ready" => {
                self.reach(index, Until::Ready, seconds);
                if until > Until::Ready {
                    self.spawn(index, act(self.api.clone(), id, "allocate"));
                }
            }
            "Allocated" if until > Until::Ready => {
                let os = self.plan.installer_mirror.is_some().then_some(installer::NAME);
                self.spawn(index, deploy(self.api.clone(), id, os));
            }
            "Deployed" => {
                self.reach(index, Until::Deployed, seconds);
                self.spawn(index, look_in(self.api.clone(), id, self.plan.clone()));
            }
            failed if failed.starts_with("Failed") || failed == "Broken" => {
                return Err(self.failure(&id, failed).await);
            }
            _ => {}
        }
        Ok(())
    }

    fn reach(&mut self, index: usize, milestone: Until, seconds: f64) {
        if let Some(machine) = self.milestones.get_mut(index) {
            machine.reach(milestone, seconds);
        }
    }

    fn has(&self, index: usize, milestone: Until) -> bool {
        self.milestones.get(index).is_some_and(|machine| machine.has(milestone))
    }

    fn spawn(&mut self, index: usize, step: impl Future<Output = Step> + Send + 'static) {
        self.tasks.spawn(async move {
            let (said, found) = step.await?;
            Ok(Done { index, said, found })
        });
    }

    /// A step of the user's has ended.
    fn done(&mut self, done: Result<Done>) -> Result<()> {
        let done = match done {
            Err(error) if self.is_over => {
                eprintln!("lab: {error}");
                return Ok(());
            }
            done => done?,
        };
        if let Some(machine) = self.machines.get(done.index) {
            self.narrator.user(&machine.mac(), &done.said);
        }
        let address = match done.found {
            Found::Nothing => return Ok(()),
            Found::Idle => {
                if let Some(idled) = self.idled.get_mut(done.index) {
                    *idled = true;
                }
                return Ok(());
            }
            Found::Visited(address) => address,
        };
        if let Some(visited) = self.visited.get_mut(done.index) {
            *visited = true;
        }
        if let Some(machine) = self.milestones.get(done.index) {
            self.addresses.insert(machine.name.clone(), address);
            ssh::save_addresses(&self.plan.work_dir, &self.addresses)?;
        }
        if self.plan.until == Until::Released && !self.is_over {
            let id = self.indices.iter().find_map(|(id, index)| (*index == done.index).then(|| id.clone()));
            if let Some(id) = id {
                self.spawn(done.index, act(self.api.clone(), id, "release"));
            }
        }
        Ok(())
    }

    async fn failure(&self, id: &str, status: &str) -> Error {
        let (name, reason) = match self.api.machine(id).await {
            Ok(machine) => {
                let reason = machine.failure.map_or_else(
                    || "without a reason".to_owned(),
                    |reason| match reason {
                        serde_json::Value::String(text) => text,
                        other => other.to_string(),
                    },
                );
                (machine.name, reason)
            }
            Err(error) => (id.to_owned(), error.to_string()),
        };
        Error::said(format!("{name} is {status}: {reason}"))
    }

    async fn kill_and_restart(&mut self, event: &Event) -> Result<()> {
        let at = Timestamp::now();
        self.server.kill().await?;
        println!("            [lab] the server is killed with SIGKILL, right after {}", event.kind);
        tokio::time::sleep(DOWN).await;
        let started = Instant::now();
        self.server.restart().await?;
        let restarted_ms = started.elapsed().as_millis();
        println!("            [lab] the server is started again, and ready in {restarted_ms} ms");
        if let Some(drill) = &mut self.drill {
            drill.killed = Some(Killed { at, event: event.kind.clone(), restarted_ms });
        }
        Ok(())
    }
}

async fn commission(api: Api, id: String, power: serde_json::Value) -> Step {
    api.set_power(&id, power).await?;
    api.act(&id, "commission").await?;
    Ok(("gave it a power switch, asked to commission".to_owned(), Found::Nothing))
}

async fn act(api: Api, id: String, action: &'static str) -> Step {
    api.act(&id, action).await?;
    Ok((format!("asked to {action}"), Found::Nothing))
}

async fn deploy(api: Api, id: String, os: Option<&'static str>) -> Step {
    api.deploy(&id, os).await?;
    Ok((format!("asked to deploy{}", os.map(|os| format!(" with {os}")).unwrap_or_default()), Found::Nothing))
}

/// What a cat on the power button does.
async fn turn_on(machine: Arc<Machine>) -> Step {
    while machine.is_on().await {
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    machine.power_on().await?;
    Ok(("turned it on, though there is nothing to boot".to_owned(), Found::Nothing))
}

async fn turns_itself_off(machine: Arc<Machine>) -> Step {
    let begin = Instant::now();
    while machine.is_on().await {
        if begin.elapsed() > IDLE_LIMIT {
            let limit = IDLE_LIMIT.as_secs();
            return Err(Error::said(format!("a Ready machine was not turned off by its boot loader in {limit} s")));
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let seconds = begin.elapsed().as_secs_f64();
    Ok((format!("its boot loader turned it off again, without a kernel, in {seconds:.1} s"), Found::Idle))
}

/// Logs in to the deployed machine: is it what the server says it is?
async fn look_in(api: Api, id: String, plan: Plan) -> Step {
    let machine = api.machine(&id).await?;
    let Some(address) = machine.address else {
        return Err(Error::said(format!("{} is Deployed, and the API does not know its address", machine.name)));
    };
    let visit = ssh::visit(&plan.work_dir, &address).await?;
    if visit.hostname != machine.name {
        return Err(Error::said(format!("{} calls itself {}", machine.name, visit.hostname)));
    }
    if !visit.root.starts_with("/dev/vda") {
        return Err(Error::said(format!("{}'s root is {}, not its disk", machine.name, visit.root)));
    }
    let said = format!("logged in by SSH at {address}: its hostname is {}, its root is {}", visit.hostname, visit.root);
    Ok((said, Found::Visited(address)))
}
