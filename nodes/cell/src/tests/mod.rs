//! The cell in a world of its own: planning and stations that do as they are told, or not.

mod faults;
mod line;
mod restart;

use crate::io::*;
use crate::registry::{Beat, Descriptor, Readiness};
use crate::store::{Restored, Save};
use crate::{Cell, Config};
use std::collections::{BTreeMap, VecDeque};
use vocabulary::time::{Monotonic, Now, Stamp};

/// One tick of the world, ms.
const TICK: u64 = 20;

/// What a station does with an order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Habit {
    Pass,
    Fail,
    Nan,
    OtherPart,
    OtherOrder,
    Twice,
    Never,
    GiveUp,
    BadVerdict,
}

struct FakeStation {
    boot_id: u64,
    habit: Habit,
    speaks: bool,
    /// Orders done, by name: it knows them again.
    done: Vec<String>,
    asked: Vec<String>,
}

struct World {
    cell: Cell,
    at: u64,
    stations: BTreeMap<String, FakeStation>,
    news: VecDeque<(u64, News)>,
    commands: Vec<(u64, Command)>,
    attached: Vec<String>,
    objects: Vec<String>,
    planning: bool,
    moves: usize,
    move_time: u64,
    saved: Save,
    job: String,
    records: Vec<crate::state::PartRecord>,
    events: Vec<Event>,
    replies: Vec<Reply>,
    status: Status,
    part: String,
    orders: Vec<Order>,
    config: Config,
}

fn config() -> Config {
    Config { session: "one".into(), run: true, grace: 0.5, ..Config::default() }
}

impl World {
    fn new(job: &str) -> Self {
        Self::with(config(), job, None)
    }

    fn with(config: Config, job: &str, restored: Option<Restored>) -> Self {
        let (cell, _) = Cell::new(&config, Some(job), restored).unwrap();
        Self {
            cell,
            at: 1_000,
            stations: BTreeMap::new(),
            news: VecDeque::new(),
            commands: Vec::new(),
            attached: Vec::new(),
            objects: Vec::new(),
            planning: true,
            moves: 0,
            move_time: 100,
            saved: Save::default(),
            job: job.to_owned(),
            records: Vec::new(),
            events: Vec::new(),
            replies: Vec::new(),
            status: Status::default(),
            part: String::new(),
            orders: Vec::new(),
            config,
        }
    }

    fn station(&mut self, name: &str, habit: Habit) {
        let boot_id = self.at;
        let station =
            FakeStation { boot_id, habit, speaks: true, done: Vec::new(), asked: Vec::new() };
        self.stations.insert(name.to_owned(), station);
    }

    /// The process dies and is started again; what was saved is all that is left.
    fn restart(&mut self, session: &str) {
        let restored = Restored { state: self.saved.state.clone(), job: self.job.clone() };
        self.config.session = session.to_owned();
        let job = self.job.clone();
        self.cell = Cell::new(&self.config, Some(&job), Some(restored)).unwrap().0;
        self.news.clear();
    }

    fn command(&mut self, command: Command) -> Reply {
        self.commands.push((1, command));
        self.tick();
        self.replies.pop().unwrap()
    }

    fn run_for(&mut self, ms: u64) {
        for _ in 0..ms / TICK {
            self.tick();
        }
    }

    /// Until the job is in this state; the number as in CellStatus.msg.
    fn run_until(&mut self, state: u8, limit: u64) {
        let end = self.at + limit;
        while self.status.state != state {
            assert!(
                self.at < end,
                "state {} after {limit} ms: {:#?}",
                self.status.state,
                self.events
            );
            self.tick();
        }
    }

    fn said(&self, part: &str) -> bool {
        self.events.iter().any(|event| event.what.contains(part))
    }

    fn tick(&mut self) {
        let inputs = self.inputs();
        let mono = Monotonic(self.at * 1_000_000);
        let stamp = Stamp(i64::try_from(self.at).unwrap() * 1_000_000);
        let out = self.cell.step(Now { mono, stamp }, inputs);
        self.take(out);
        self.at += TICK;
    }

    fn inputs(&mut self) -> Inputs {
        let mut inputs =
            Inputs { commands: std::mem::take(&mut self.commands), ..Inputs::default() };
        for (name, station) in &self.stations {
            if !station.speaks || !self.at.is_multiple_of(100) {
                continue;
            }
            let at = Monotonic(self.at * 1_000_000);
            let heard = |said| Heard { at, topic: name.clone(), said };
            inputs.heard.push(heard(Said::Descriptor(descriptor(name, station.boot_id))));
            let beat = Beat { boot_id: station.boot_id, readiness: Readiness::Ready };
            inputs.heard.push(heard(Said::Beat(beat)));
        }
        let mut later = VecDeque::new();
        for (at, news) in self.news.drain(..) {
            if at <= self.at { inputs.news.push(news) } else { later.push_back((at, news)) }
        }
        self.news = later;
        inputs
    }

    fn take(&mut self, out: Outputs) {
        if let Some(save) = out.save {
            self.records.extend(save.parts.iter().cloned());
            if let Some(job) = &save.job {
                self.job.clone_from(job);
            }
            self.saved = save;
        }
        self.events.extend(out.events);
        self.replies.extend(out.replies.into_iter().map(|(_, reply)| reply));
        if let Some(status) = out.status {
            self.status = status;
        }
        if let Some(part) = out.part {
            self.part = part;
        }
        for order in out.orders {
            self.orders.push(order.clone());
            self.obey(order);
        }
    }

    fn later(&mut self, ms: u64, number: u64, what: What) {
        self.news.push_back((self.at + ms, News { number, what }));
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Move { number, .. } if self.planning => {
                self.moves += 1;
                self.later(TICK, number, What::Accepted);
                self.later(self.move_time, number, What::Moved(Moved::Reached));
            }
            Order::Scene { number, edit } if self.planning => {
                let answer = self.edited(edit);
                self.later(TICK, number, What::Scene(answer));
            }
            Order::Ask { number, station, request } => self.asked(number, &station, &request),
            _ => {}
        }
    }

    fn edited(&mut self, edit: Edit) -> SceneAnswer {
        let (success, message) = match edit {
            Edit::Add(name, ..) if self.objects.contains(&name) => (false, "is there".to_owned()),
            Edit::Attach(name, ..) | Edit::Take(name) if self.attached.contains(&name) => {
                (false, "is held".to_owned())
            }
            Edit::Add(name, ..) => {
                self.objects.push(name);
                (true, String::new())
            }
            Edit::Attach(name, ..) | Edit::Take(name) => {
                self.attached.push(name);
                (true, String::new())
            }
            Edit::Detach(name) | Edit::Remove(name) => {
                let before = self.attached.len();
                self.attached.retain(|held| *held != name);
                (self.attached.len() < before, "is not there".to_owned())
            }
        };
        let (objects, attached) = (self.objects.clone(), self.attached.clone());
        SceneAnswer { success, message, objects, attached }
    }

    fn asked(&mut self, number: u64, name: &str, request: &Request) {
        let Some(station) = self.stations.get_mut(name).filter(|it| it.speaks) else { return };
        station.asked.push(request.order.clone());
        let habit = station.habit;
        if !station.done.contains(&request.order) && habit != Habit::Never {
            station.done.push(request.order.clone());
        }
        let mut result = StationResult {
            succeeded: habit != Habit::GiveUp,
            verdict: if habit == Habit::Fail { 2 } else { 1 },
            reason: format!("{habit:?}"),
            order: request.order.clone(),
            part: request.part.clone(),
            measurements: vec![("width".to_owned(), 0.5)],
            took: 0.05,
        };
        match habit {
            Habit::Nan => result.measurements = vec![("width".to_owned(), f64::NAN)],
            Habit::OtherPart => result.part = "another".to_owned(),
            Habit::OtherOrder => result.order = "another".to_owned(),
            Habit::BadVerdict => result.verdict = 77,
            _ => {}
        }
        self.later(TICK, number, What::Accepted);
        if habit != Habit::Never {
            self.later(60, number, What::Result(Box::new(result.clone())));
        }
        if habit == Habit::Twice {
            self.later(120, number, What::Result(Box::new(result)));
        }
    }
}

fn descriptor(name: &str, boot_id: u64) -> Descriptor {
    Descriptor {
        version: (1, 0),
        id: format!("id_{name}"),
        name: name.to_owned(),
        boot_id,
        kind: "camera".to_owned(),
        capabilities: vec!["inspect_surface".to_owned()],
        frame: String::new(),
        heartbeat_period: 0.1,
    }
}

/// A line: move, grip, inspect as said, sort, release.
fn line(parts: u32, care: &str) -> String {
    format!(
        "name: line
poses:
  pick: {{position: [0.4, 0.0, 0.2]}}
  good: {{position: [0.4, 0.2, 0.2]}}
  bad: {{position: [0.4, -0.2, 0.2]}}
steps:
  - parts: {parts}
    steps:
      - move_to: pick
      - grip: {{box: [0.03, 0.03, 0.02]}}
      - call: inspect_surface
{care}
      - branch:
          fail: [{{move_to: bad}}]
          otherwise: [{{move_to: good}}]
      - release: {{}}
    set_aside:
      - move_to: bad
      - release: {{}}
"
    )
}

const SKIP: &str = "        deadline: 1.0\n        fallback: skip\n";
