//! A planned change of the controller: the holder yields, the successor is tried, its predecessor
//! may take back.
//!
//! The one rule: a candidate is asked in only when what it does as a shadow agrees with the holder;
//! and every request is answered exactly once, at the end of the trial.

use std::time::Duration;
use vocabulary::health::LogLine;
use vocabulary::time::{Monotonic, Stamp};

use crate::config::{Config, seconds};
use crate::grant::{Candidate, LeaseBook};
use crate::watch::Registry;

/// How long a successor may take to claim the lease that is offered to it.
const CLAIM: Duration = Duration::from_secs(2);

/// After a lease was taken back, the reason comes with the next heartbeat.
const REASON: Duration = Duration::from_millis(200);

/// A predecessor that is silent for longer than this will judge nobody; one that only stumbled goes on
/// judging, and the probation with it.
const GONE: Duration = Duration::from_millis(500);

/// Longest probation, s.
const LONGEST: f64 = 600.0;

/// Name of the histogram in which a controller tells how long the drives went without a command.
const GAP: &str = "command_gap";

/// A call of `arm/hand_over`.
#[derive(Debug, Clone, PartialEq)]
pub struct HandOverRequest {
    /// Chosen by the host; names the answer.
    pub id: u64,
    /// Node name of the successor; empty for the one named in the lease.
    pub to: String,
    /// Time of the probation, s; 0 for the default.
    pub canary: f64,
}

/// The answer to a [`HandOverRequest`].
#[derive(Debug, Clone, PartialEq)]
pub struct HandOverResponse {
    /// [`HandOverRequest::id`].
    pub id: u64,
    /// Whether the successor holds the lease for good.
    pub success: bool,
    /// What happened, for people.
    pub message: String,
    /// The epoch in force.
    pub epoch: u64,
    /// Longest time without a command beyond the period in which each is due, s; NaN when unknown.
    pub gap: f64,
}

/// Where a hand-over stands.
#[derive(Debug, Clone, PartialEq)]
enum Stage {
    /// The holder yields.
    Offered(Monotonic),
    /// The successor is on probation; its predecessor was heard last then.
    Trial { until: Monotonic, judged: Monotonic },
    /// The lease was taken back then.
    TakenBack(Monotonic),
}

/// One hand-over under way.
#[derive(Debug, Clone, PartialEq)]
struct Work {
    /// None when an earlier supervisor was asked.
    id: Option<u64>,
    from: u64,
    to: u64,
    name: String,
    canary: Duration,
    stage: Stage,
}

/// The hand-over under way, and the answers to those that ended.
#[derive(Debug, Clone, Default)]
pub struct HandOvers {
    work: Option<Work>,
    responses: Vec<HandOverResponse>,
}

/// What a step sees.
pub(crate) struct Scene<'a> {
    pub(crate) registry: &'a Registry,
    pub(crate) config: &'a Config,
    pub(crate) now: Monotonic,
    pub(crate) stamp: Stamp,
}

impl HandOvers {
    /// Whether one is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.work.is_some()
    }

    /// Answers since the last call.
    pub fn drain(&mut self) -> Vec<HandOverResponse> {
        std::mem::take(&mut self.responses)
    }

    /// Takes a request.
    pub(crate) fn ask(
        &mut self,
        request: &HandOverRequest,
        book: &mut LeaseBook,
        scene: &Scene,
        log: &mut Vec<LogLine>,
    ) {
        let candidates = scene.registry.candidates(scene.now);
        let chosen = self.choose(request, book, &candidates, scene).cloned();
        match chosen {
            Ok(candidate) => {
                let asked = if request.canary > 0.0 { request.canary } else { scene.config.canary };
                log.push(LogLine::info(format!(
                    "{} yields to {}, on probation for {asked} s",
                    book.holder_name(),
                    candidate.name
                )));
                if book.lease().successor != candidate.boot_id {
                    book.name(&candidate, &candidates, scene.stamp, log);
                }
                (book.record.lease.transfer, book.record.yielded) = (true, true);
                self.work = Some(Work {
                    id: Some(request.id),
                    from: book.lease().holder,
                    to: candidate.boot_id,
                    name: candidate.name,
                    canary: seconds(asked),
                    stage: Stage::Offered(scene.now),
                });
            }
            Err(message) => {
                log.push(LogLine::warn(format!("arm/hand_over refused: {message}")));
                self.answer(Some(request.id), false, message, book, f64::NAN);
            }
        }
    }

    fn choose<'a>(
        &self,
        request: &HandOverRequest,
        book: &LeaseBook,
        candidates: &'a [Candidate],
        scene: &Scene,
    ) -> Result<&'a Candidate, String> {
        let HandOverRequest { to, canary, .. } = request;
        if self.is_busy() || book.lease().probation {
            return Err("another hand-over is under way".to_owned());
        }
        if !(0.0..=LONGEST).contains(canary) {
            return Err(format!("canary = {canary} is out of range: 0 to {LONGEST} s is allowed"));
        }
        if !book.is_held() {
            return Err("no controller holds the lease: nothing to hand over".to_owned());
        }
        let successor = book.lease().successor;
        let found = candidates.iter().find(|c| match to.as_str() {
            "" => c.boot_id == successor,
            name => c.name == name,
        });
        let Some(found) = found else {
            let known: Vec<_> = candidates.iter().map(|c| c.name.as_str()).collect();
            let what = if to.is_empty() { "a standby" } else { to };
            return Err(format!("no live controller is {what}: there are {}", known.join(", ")));
        };
        if found.boot_id == book.lease().holder {
            return Err(format!("{} holds the lease already", found.name));
        }
        if book.is_disgraced(found.boot_id) {
            return Err(format!("the lease was taken back from {}: restart it", found.name));
        }
        if !found.ready {
            let said = scene.registry.beat(found.boot_id).map_or("", |beat| &beat.message);
            return Err(format!("{} is not ready: {said}", found.name));
        }
        Ok(found)
    }

    /// Carries on what is under way.
    pub(crate) fn proceed(&mut self, book: &mut LeaseBook, scene: &Scene, log: &mut Vec<LogLine>) {
        if self.work.is_none() && book.lease().probation {
            self.work = Some(resumed(book, scene));
        }
        let Some(work) = &mut self.work else { return };
        let holder = book.lease().holder;
        let alive = |boot| scene.registry.candidates(scene.now).iter().any(|c| c.boot_id == boot);
        match work.stage {
            Stage::Offered(_) if holder == work.to => {
                let until = scene.now + work.canary;
                work.stage = Stage::Trial { until, judged: scene.now };
            }
            Stage::Offered(since) => {
                let waited = scene.now.since(since);
                if holder == work.from && book.record.yielded {
                    if waited >= CLAIM || !alive(work.to) {
                        let text = format!(
                            "{} did not take the lease within {:.1} s",
                            work.name,
                            waited.as_secs_f64()
                        );
                        self.finish(false, &text, book, scene, log);
                    }
                } else {
                    work.stage = Stage::TakenBack(scene.now);
                }
            }
            Stage::Trial { .. } if holder != work.to => work.stage = Stage::TakenBack(scene.now),
            Stage::Trial { until, .. } if scene.now >= until => {
                let text = format!("{} holds the lease for good", work.name);
                self.finish(true, &text, book, scene, log);
            }
            Stage::Trial { until, .. } if alive(work.from) => {
                work.stage = Stage::Trial { until, judged: scene.now };
            }
            Stage::Trial { judged, .. } if scene.now.since(judged) >= GONE => {
                let text = format!("{} holds the lease, its predecessor is gone", work.name);
                self.finish(true, &text, book, scene, log);
            }
            Stage::Trial { .. } => {}
            Stage::TakenBack(since) if scene.now.since(since) >= REASON => {
                let said = scene.registry.beat(holder).map_or("", |beat| &beat.message);
                let text = format!("taken back from {}: {said}", work.name);
                self.finish(false, &text, book, scene, log);
            }
            Stage::TakenBack(_) => {}
        }
    }

    fn finish(
        &mut self,
        success: bool,
        message: &str,
        book: &mut LeaseBook,
        scene: &Scene,
        log: &mut Vec<LogLine>,
    ) {
        let Some(work) = self.work.take() else { return };
        (book.record.lease.transfer, book.record.lease.probation) = (false, false);
        let text = format!("hand-over: {message}");
        log.push(if success { LogLine::info(text) } else { LogLine::error(text) });
        let gap = gap(scene.registry, book.lease().holder);
        self.answer(work.id, success, message.to_owned(), book, gap);
    }

    fn answer(
        &mut self,
        id: Option<u64>,
        success: bool,
        message: String,
        book: &LeaseBook,
        gap: f64,
    ) {
        let epoch = book.lease().epoch;
        let response = |id| HandOverResponse { id, success, message, epoch, gap };
        self.responses.extend(id.map(response));
    }
}

/// A trial that an earlier supervisor began.
fn resumed(book: &LeaseBook, scene: &Scene) -> Work {
    let canary = seconds(scene.config.canary);
    Work {
        id: None,
        from: book.lease().successor,
        to: book.lease().holder,
        name: book.holder_name().to_owned(),
        canary,
        stage: Stage::Trial { until: scene.now + canary, judged: scene.now },
    }
}

/// Longest gap that the holder has seen since it took the lease, s.
fn gap(registry: &Registry, holder: u64) -> f64 {
    let histograms = registry.beat(holder).map(|beat| beat.histograms.iter());
    let found = histograms.into_iter().flatten().find(|histogram| histogram.name == GAP);
    found.map_or(f64::NAN, |histogram| histogram.worst)
}
