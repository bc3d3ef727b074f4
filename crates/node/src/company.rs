//! Several nodes in one process: each a thread with a shell of its own, all in one ROS context.
//!
//! The rule: they live and die together. Nobody begins before all could be created; a node that ends by
//! an error takes the others with it, after they were asked to end; one that panics takes them at once.

use crate::middleware::Part;
use crate::raw::Arguments;
use crate::restarts::Restarts;
use crate::shell::Shell;
use crate::signal;
use crate::start::{self, StartError};
use r2r::Node;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long the others may take to end when one has failed.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether several nodes share this process.
static SHARED: AtomicBool = AtomicBool::new(false);
/// The highest SCHED_FIFO priority that one of them asked for.
static MOST_URGENT: AtomicI32 = AtomicI32::new(0);

/// Nodes of shells that are gone: rcl does not let one thread end a node while another one writes to its
/// log, so all are ended when all threads are.
static ENDED: Mutex<Vec<Node>> = Mutex::new(Vec::new());

/// As a process has for its only node, bytes.
const STACK: usize = 8 << 20;

/// One of the nodes.
pub struct Member {
    /// Its name unless its arguments say otherwise.
    pub name: &'static str,
    /// It must not miss anything of what is sent.
    pub listens: bool,
    /// Its work.
    pub run: fn(Shell) -> anyhow::Result<()>,
    /// As a process of its own would get them behind `--ros-args`: name, namespace, parameters, level of
    /// the log.
    pub arguments: Vec<String>,
}

/// What a node's thread tells.
enum News {
    /// The shell is there.
    Created,
    /// Nothing more comes from it; 0 for a proper end.
    Ended(u8),
}

/// A node's thread, and what lets it begin.
struct Begun {
    thread: JoinHandle<()>,
    go: Sender<()>,
}

/// Runs all of them until one ends. `name` tells this process from others of the same launch.
#[must_use]
pub fn main(name: &str, members: Vec<Member>) -> ExitCode {
    let listens = members.iter().any(|member| member.listens);
    let profile = start::prepare(name, if listens { Part::Listener } else { Part::Actor });
    let restarts = Restarts::take_down_as(name);
    thread::sleep(restarts.pause());
    SHARED.store(members.len() > 1, Ordering::SeqCst);
    let begun = match create(members, restarts.quarantine().as_ref()) {
        Ok(begun) => begun,
        Err(code) => {
            thread::sleep(restarts.patience());
            return code.into();
        }
    };
    profile.applied();
    let code = begun.live();
    if code == 0 {
        restarts.strike_out();
    }
    code.into()
}

/// All threads of this process that run a node, and what they tell.
struct Company {
    begun: Vec<Begun>,
    news: Receiver<News>,
}

/// Creates one after the other: rcl does not say what it shares between nodes.
fn create(members: Vec<Member>, quarantine: Option<&String>) -> Result<Company, u8> {
    let (tell, news) = mpsc::channel();
    let mut company = Company { begun: Vec::new(), news };
    for member in members {
        let name = member.name;
        if let Err(error) = company.take_in(member, quarantine.cloned(), tell.clone()) {
            return Err(company.dismiss(start::end(name, &error)));
        }
        match company.news.recv() {
            Ok(News::Created) => {}
            Ok(News::Ended(code)) => return Err(company.dismiss(code)),
            Err(_) => return Err(company.dismiss(1)),
        }
    }
    Ok(company)
}

/// A node that is about to be.
struct Newcomer {
    member: Member,
    own: Arguments,
    quarantine: Option<String>,
    tell: Sender<News>,
    may_go: Receiver<()>,
}

impl Newcomer {
    /// From the creation of a node to its end; its exit code.
    fn live(self) -> u8 {
        let (default, own) = (self.member.name, &self.own);
        let name = own.name().unwrap_or(default);
        let mut shell = match start::catch(|| Shell::create_with(default, own)) {
            Ok(shell) => shell,
            Err(error) => return start::end(name, &error.into()),
        };
        shell.keep_from_work(self.quarantine);
        let _main_waits = self.tell.send(News::Created);
        if self.may_go.recv().is_err() {
            return 0;
        }
        match panic::catch_unwind(AssertUnwindSafe(|| (self.member.run)(shell))) {
            Ok(done) => done.map_or_else(|error| start::end(name, &error), |()| 0),
            // The hook has said where.
            Err(_) => std::process::abort(),
        }
    }
}

impl Company {
    /// Starts a node's thread.
    fn take_in(
        &mut self,
        member: Member,
        quarantine: Option<String>,
        tell: Sender<News>,
    ) -> anyhow::Result<()> {
        let own = Arguments::parse(&member.arguments).map_err(StartError::from)?;
        let name = own.name().unwrap_or(member.name).to_owned();
        let (go, may_go) = mpsc::channel();
        let newcomer = Newcomer { member, own, quarantine, tell: tell.clone(), may_go };
        let thread = thread::Builder::new().name(name).stack_size(STACK).spawn(move || {
            let _main_has_ended = tell.send(News::Ended(newcomer.live()));
        })?;
        self.begun.push(Begun { thread, go });
        Ok(())
    }

    /// Nobody begins: all shells are dropped.
    fn dismiss(self, code: u8) -> u8 {
        for Begun { thread, go } in self.begun {
            drop(go);
            let _its_end_was_told = thread.join();
        }
        end_nodes();
        code
    }

    /// Lets all begin and waits for the first end, which is everybody's.
    fn live(self) -> u8 {
        for begun in &self.begun {
            let _it_has_ended = begun.go.send(());
        }
        let mut left = self.begun.len();
        let mut code = 0;
        while left > 0 && code == 0 {
            match self.news.recv() {
                Ok(News::Ended(its)) => code = its,
                Ok(News::Created) => continue,
                Err(_) => break,
            }
            left -= 1;
            signal::request_stop();
        }
        if code != 0 && !self.others_end(left) {
            // SAFETY: ends the process without running anything of those who hang.
            unsafe { libc::_exit(code.into()) };
        }
        end_nodes();
        code
    }

    /// Whether the others end in time.
    fn others_end(&self, mut left: usize) -> bool {
        let until = Instant::now() + PATIENCE;
        while left > 0 {
            let patience = until.saturating_duration_since(Instant::now());
            match self.news.recv_timeout(patience) {
                Ok(News::Ended(_)) => left -= 1,
                Ok(News::Created) => {}
                Err(_) => return false,
            }
        }
        true
    }
}

/// Ends a node, at once or with all others of the process.
pub(crate) fn end(node: Node) {
    match ENDED.lock() {
        Ok(mut ended) if is_shared() => ended.push(node),
        _ => drop(node),
    }
}

fn end_nodes() {
    if let Ok(mut ended) = ENDED.lock() {
        ended.clear();
    }
}

/// Whether several nodes share this process.
pub(crate) fn is_shared() -> bool {
    SHARED.load(Ordering::SeqCst)
}

/// The highest priority that was asked for by now, this one included.
pub(crate) fn most_urgent(priority: i32) -> i32 {
    MOST_URGENT.fetch_max(priority, Ordering::SeqCst).max(priority)
}
