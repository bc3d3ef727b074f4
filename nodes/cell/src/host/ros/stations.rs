//! The wires to stations, made when a station's name is first seen.
//!
//! The rule: what a station is called follows from its topic alone, so that one that lies about its name
//! is still told from another; the wires of a name are kept when it goes, for its return.

use crate::io::{Heard, News, Order, Request, Said, StationResult, What};
use crate::is_name;
use crate::registry::{Beat, Descriptor, MOST, Readiness};
use node::action_client::{ActionClient, ClientEvent};
use node::convert::{FromMsg, Refused};
use node::topics::Stream;
use node::{Shell, StartError};
use r2r::GoalStatus;
use r2r::armature_msgs::action::RunStation;
use r2r::armature_msgs::msg::{StationDescriptor, StationHeartbeat, StationParameter};
use std::collections::BTreeMap;
use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Now};
use vocabulary::topics::{Qos, STATIONS, station};

/// Between two looks at which topics there are.
const LOOK: Duration = Duration::from_millis(100);

struct Described(Descriptor);
struct Beaten(Beat);

impl FromMsg for Described {
    type Msg = StationDescriptor;

    fn from_msg(msg: &StationDescriptor, _: &JointOrder) -> Result<Self, Refused> {
        Ok(Self(Descriptor {
            version: (msg.version_major, msg.version_minor),
            id: msg.id.clone(),
            name: msg.name.clone(),
            boot_id: msg.boot_id,
            kind: msg.kind.clone(),
            capabilities: msg.capabilities.clone(),
            frame: msg.frame.clone(),
            heartbeat_period: msg.heartbeat_period,
        }))
    }
}

impl FromMsg for Beaten {
    type Msg = StationHeartbeat;

    fn from_msg(msg: &StationHeartbeat, _: &JointOrder) -> Result<Self, Refused> {
        let readiness = match msg.state {
            0 => Readiness::Ready,
            1 => Readiness::Busy,
            2 => Readiness::NotReady(msg.message.clone()),
            unknown => Readiness::NotReady(format!("its state {unknown} is none of 0, 1, 2")),
        };
        Ok(Self(Beat { boot_id: msg.boot_id, readiness }))
    }
}

/// One name.
struct Wire {
    descriptor: Stream<Described>,
    heartbeat: Stream<Beaten>,
    run: ActionClient<RunStation::Action>,
    /// Number of the order under way.
    number: u64,
}

impl Wire {
    fn create(shell: &mut Shell, name: &str) -> Result<Self, StartError> {
        Ok(Self {
            descriptor: shell.stream_named(&station(name, "descriptor"), Qos::Latched)?,
            heartbeat: shell.stream_named(&station(name, "heartbeat"), Qos::Stream)?,
            run: shell.action_client(&station(name, "run"))?,
            number: 0,
        })
    }
}

/// All names.
#[derive(Default)]
pub struct Stations {
    wires: BTreeMap<String, Wire>,
    looked: Monotonic,
    lost: Vec<News>,
    /// Names that are none, or too many: told once.
    turned_away: Vec<String>,
}

impl Stations {
    /// What stations said, and what became of orders.
    pub fn hear(&mut self, shell: &mut Shell, now: Now) -> (Vec<Heard>, Vec<News>) {
        if now.mono.since(self.looked) >= LOOK {
            self.looked = now.mono;
            self.find(shell);
        }
        let mut heard = Vec::new();
        let mut news = std::mem::take(&mut self.lost);
        for (name, wire) in &mut self.wires {
            for received in wire.descriptor.take_received() {
                let said = Said::Descriptor(received.value.0);
                heard.push(Heard { at: received.at, topic: name.clone(), said });
            }
            for received in wire.heartbeat.take_received() {
                let said = Said::Beat(received.value.0);
                heard.push(Heard { at: received.at, topic: name.clone(), said });
            }
            let number = wire.number;
            let events = wire.run.events().into_iter().filter_map(what);
            news.extend(events.map(|what| News { number, what }));
        }
        (heard, news)
    }

    fn find(&mut self, shell: &mut Shell) {
        let space = format!("{}/{STATIONS}/", shell.namespace().trim_end_matches('/'));
        let names: Vec<String> = shell
            .graph()
            .into_keys()
            .filter_map(|topic| {
                let name = topic.strip_prefix(&space)?.strip_suffix("/descriptor")?;
                (!name.contains('/')).then(|| name.to_owned())
            })
            .collect();
        for name in names {
            if self.wires.contains_key(&name) || self.turned_away.contains(&name) {
                continue;
            }
            if let Err(why) = self.join(shell, &name) {
                shell.log(&LogLine::error(format!("station {name:?} is not taken in: {why}")));
                if self.turned_away.len() < MOST {
                    self.turned_away.push(name);
                }
            }
        }
    }

    fn join(&mut self, shell: &mut Shell, name: &str) -> Result<(), String> {
        if !is_name(name) {
            return Err("a to z, 0 to 9 and _, at most 64, first a letter".to_owned());
        }
        if self.wires.len() >= MOST {
            return Err(format!("{MOST} names are taken already"));
        }
        let wire = Wire::create(shell, name).map_err(|error| error.to_string())?;
        self.wires.insert(name.to_owned(), wire);
        Ok(())
    }

    /// Gives an order to a station.
    pub fn obey(&mut self, order: &Order, shell: &Shell) {
        match order {
            Order::Ask { number, station, request } => {
                let sent = match self.wires.get_mut(station) {
                    Some(wire) => {
                        wire.number = *number;
                        wire.run.send(goal(request)).map_err(|error| error.to_string())
                    }
                    None => Err("no such station".to_owned()),
                };
                if let Err(why) = sent {
                    shell.log(&LogLine::error(format!("station {station}: {why}")));
                    self.lost.push(News { number: *number, what: What::Lost(why) });
                }
            }
            Order::Withdraw { station } => {
                if let Some(wire) = self.wires.get_mut(station) {
                    wire.run.cancel();
                }
            }
            Order::Move { .. } | Order::StopMove | Order::Scene { .. } => {}
        }
    }
}

fn what(event: ClientEvent<RunStation::Action>) -> Option<What> {
    Some(match event {
        ClientEvent::Accepted => What::Accepted,
        ClientEvent::Feedback(_) => return None,
        ClientEvent::Lost(why) => What::Lost(why),
        ClientEvent::Ended(status, result) => {
            let measured = result.measurements.into_iter().map(|it| (it.name, it.value));
            What::Result(Box::new(StationResult {
                succeeded: matches!(status, GoalStatus::Succeeded),
                verdict: result.verdict,
                reason: result.reason,
                order: result.order,
                part: result.part,
                measurements: measured.collect(),
                took: result.took,
            }))
        }
    })
}

fn goal(request: &Request) -> RunStation::Goal {
    let parameters = request.parameters.iter();
    let parameters = parameters
        .map(|(name, value)| StationParameter { name: name.clone(), value: value.clone() });
    RunStation::Goal {
        order: request.order.clone(),
        part: request.part.clone(),
        capability: request.capability.clone(),
        parameters: parameters.collect(),
        allowed_time: request.allowed_time,
    }
}
