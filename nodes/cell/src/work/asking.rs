//! Steps that ask a station: whom, under which order, and whether what he says is believed.

use super::{Attempt, Doing};
use crate::cell::Cell;
use crate::config::seconds;
use crate::io::{Order, Outputs, Request, StationResult, What};
use crate::state::{OpenOrder, State, Verdict};
use vocabulary::health::Level;
use vocabulary::time::Now;

impl Cell {
    /// Asks whoever can be asked, or waits for somebody to come.
    pub(super) fn ask(
        &mut self,
        now: Now,
        (capability, parameters, wait): (String, Vec<(String, String)>, f64),
        out: &mut Outputs,
    ) {
        let Some(doing) = &mut self.doing else { return };
        let without: &[String] = if doing.others { &doing.asked } else { &[] };
        let known = doing.prefer.take();
        let everybody_else: Vec<String> = match &known {
            Some(known) => self
                .registry
                .all()
                .map(|(name, _)| name.to_owned())
                .filter(|name| name != known)
                .collect(),
            None => without.to_vec(),
        };
        let in_grace = now.mono < self.grace_until;
        let chosen = self.registry.pick(&capability, &everybody_else);
        let chosen = match chosen {
            None if !(doing.again && in_grace) => self.registry.pick(&capability, without),
            chosen => chosen,
        };
        let Some(station) = chosen.map(str::to_owned) else {
            // Whoever was asked before this process began is given the time to be found.
            doing.prefer = known.filter(|_| in_grace);
            let mut patient = (doing.began + seconds(wait)).max(self.grace_until);
            if doing.others {
                patient = now.mono;
            }
            // Whoever is busy is free soon; his heartbeat may only not have said so yet.
            if self.registry.is_busy(&capability, without) {
                patient = patient.max(doing.until);
            }
            if now.mono < patient {
                doing.attempt = Attempt::Seek(patient);
                return;
            }
            let why = self.registry.why_nobody(&capability, without);
            return self.failed(now, &why, out);
        };
        let boot_id = self.registry.get(&station).map_or(0, |it| it.descriptor.boot_id);
        doing.allow(now.mono);
        let allowed_time = doing.until.since(now.mono).as_secs_f64();
        doing.asked.push(station.clone());
        let order = self.order_for(now, &station);
        let number = self.next_number();
        let request = Request {
            order: order.clone(),
            part: self.state.part.clone().unwrap_or_default(),
            capability,
            parameters,
            allowed_time,
        };
        out.orders.push(Order::Ask { number, station: station.clone(), request });
        if let Some(doing) = &mut self.doing {
            doing.attempt = Attempt::Ask { number, station, boot_id, order, sent: now.mono };
        }
        self.changed();
    }

    /// The order that this station has already, or a new one.
    fn order_for(&mut self, now: Now, station: &str) -> String {
        if let Some(open) = self.state.open.as_ref().filter(|open| open.station == station) {
            return open.order.clone();
        }
        if self.state.token.is_empty() {
            self.state.token = format!("{:x}", now.stamp.0);
        }
        self.state.orders += 1;
        let State { token, run, orders, .. } = &self.state;
        let order = format!("{}_{run}_{token}_{orders}", self.job_name());
        let station = station.to_owned();
        self.state.open = Some(OpenOrder { order: order.clone(), station });
        order
    }

    /// A result that nobody waits for: late, or there for the second time.
    pub(super) fn late(&mut self, now: Now, what: &What, out: &mut Outputs) {
        // An order that was withdrawn is answered too, by a station that gives it up.
        if let What::Result(result) = what
            && result.succeeded
        {
            self.state.counts.refused += 1;
            self.changed();
            let order = &result.order;
            let what = format!("a result for {order:?}, for which nobody waits, is ignored");
            self.event(now, Level::Warn, "", what, out);
        }
    }

    /// Believes a result, or says why not.
    pub(super) fn judge(&mut self, now: Now, result: &StationResult, out: &mut Outputs) {
        let Some(Doing { attempt: Attempt::Ask { station, order, sent, .. }, .. }) = &self.doing
        else {
            return;
        };
        let (station, order) = (station.clone(), order.clone());
        let took = now.mono.since(*sent).as_secs_f64();
        if !result.succeeded {
            let why = format!("station {station} gave up: {}", result.reason);
            return self.attempt_failed(now, &why, out);
        }
        let part = self.state.part.clone().unwrap_or_default();
        match verdict(result, &order, &part) {
            Err(nonsense) => {
                self.state.counts.refused += 1;
                let why = format!("result of station {station} is refused: {nonsense}");
                self.attempt_failed(now, &why, out);
            }
            Ok(verdict) => {
                self.registry.succeeded(&station, took);
                self.stations_changed();
                if let Some(verdict) = verdict {
                    self.state.last = verdict;
                    if verdict >= self.state.verdict {
                        self.state.verdict = verdict;
                        result.reason.clone_into(&mut self.state.why);
                    }
                }
                self.done();
            }
        }
    }
}

/// The verdict of a result; none when there was nothing to judge.
fn verdict(result: &StationResult, order: &str, part: &str) -> Result<Option<Verdict>, String> {
    if result.order != order {
        return Err(format!("it is for order {:?}, asked was {order:?}", result.order));
    }
    if result.part != part {
        return Err(format!("it is about part {:?}, asked was {part:?}", result.part));
    }
    if let Some((name, value)) = result.measurements.iter().find(|(_, value)| !value.is_finite()) {
        return Err(format!("measurement {name:?} is {value}"));
    }
    if !result.took.is_finite() || result.took < 0.0 {
        return Err(format!("took is {} s", result.took));
    }
    match result.verdict {
        0 => Ok(None),
        1 => Ok(Some(Verdict::Pass)),
        2 => Ok(Some(Verdict::Fail)),
        3 => Ok(Some(Verdict::Unsure)),
        unknown => Err(format!("verdict {unknown} is none of 0, 1, 2, 3")),
    }
}
