//! From the tree of YAML to the program.

use super::care::Care;
use super::parse::{Step, name, pose, shape, target};
use super::{Act, Action, Branches, Instruction, Job, Pose, Shape, Target, Work};
use crate::error::{JobError, Wrong};
use crate::yaml::Node;
use std::collections::BTreeMap;

/// Most instructions; routines count wherever they are run.
const MOST: usize = 20_000;
/// Default deadlines, s.
const MOVE: f64 = 30.0;
const HAND: f64 = 5.0;
const CALL: f64 = 5.0;

/// Where a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Outside of `parts`.
    Job,
    /// Below `parts`; a part that is given up goes on there.
    Part(usize),
    /// What is done with a part that was given up.
    Aside,
}

impl Within {
    fn aside(self) -> Option<usize> {
        match self {
            Self::Part(place) => Some(place),
            Self::Job | Self::Aside => None,
        }
    }
}

/// The job of a tree.
pub fn job(root: &Node) -> Result<Job, JobError> {
    root.map_of(&["name", "poses", "objects", "routines", "steps"])?;
    let mut builder = Builder {
        poses: named(root, "poses", target)?,
        objects: named(root, "objects", object)?,
        routines: named(root, "routines", |node| Ok(node.clone()))?,
        ..Builder::default()
    };
    let title = name(root.need("name")?)?;
    let steps = root.need("steps")?;
    builder.check_routines()?;
    builder.place_objects(root)?;
    builder.steps(steps, Within::Job)?;
    builder.push(steps.line, Work::End)?;
    let Builder { program, counters, parts, .. } = builder;
    Ok(Job { name: title, program, counters, parts_planned: parts })
}

/// A mapping of names to whatever `read` makes of the values.
fn named<T>(
    root: &Node,
    key: &str,
    read: impl Fn(&Node) -> Result<T, JobError>,
) -> Result<BTreeMap<String, T>, JobError> {
    let Some(node) = root.get(key).filter(|node| !node.is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let mut all = BTreeMap::new();
    for entry in node.map()? {
        if !crate::names::is_name(&entry.key) {
            let text = entry.key.clone();
            return Err(JobError { line: entry.line, wrong: Wrong::Name { text } });
        }
        all.insert(entry.key.clone(), read(&entry.node)?);
    }
    Ok(all)
}

fn object(node: &Node) -> Result<(Shape, Pose), JobError> {
    node.map_of(&["box", "position", "rpy", "quaternion"])?;
    Ok((shape(node.need("box")?)?, pose(node, Pose::upright)?))
}

fn known<T>(all: &BTreeMap<String, T>) -> Vec<String> {
    all.keys().cloned().collect()
}

#[derive(Default)]
struct Builder {
    poses: BTreeMap<String, Target>,
    objects: BTreeMap<String, (Shape, Pose)>,
    routines: BTreeMap<String, Node>,
    /// The routines that are being built, from the outermost.
    chain: Vec<String>,
    program: Vec<Instruction>,
    counters: usize,
    parts: u32,
}

impl Builder {
    /// Routines are built where they are run; those that nobody runs are read all the same.
    fn check_routines(&mut self) -> Result<(), JobError> {
        let all: Vec<(String, Node)> =
            self.routines.iter().map(|(name, node)| (name.clone(), node.clone())).collect();
        for (name, steps) in all {
            let mut trial = Self {
                poses: self.poses.clone(),
                objects: self.objects.clone(),
                routines: self.routines.clone(),
                chain: vec![name],
                ..Self::default()
            };
            // As below `parts`, where most is allowed.
            trial.steps(&steps, Within::Part(0))?;
        }
        Ok(())
    }

    fn push(&mut self, line: u32, work: Work) -> Result<usize, JobError> {
        let place = self.program.len();
        if place >= MOST {
            return Err(JobError { line, wrong: Wrong::TooManySteps { limit: MOST } });
        }
        self.program.push(Instruction { line, work });
        Ok(place)
    }

    fn here(&self) -> usize {
        self.program.len()
    }

    fn set(&mut self, place: usize, work: Work) {
        if let Some(instruction) = self.program.get_mut(place) {
            instruction.work = work;
        }
    }

    /// The objects of the job come into the scene first.
    fn place_objects(&mut self, root: &Node) -> Result<(), JobError> {
        let Some(node) = root.get("objects").filter(|node| !node.is_empty()) else {
            return Ok(());
        };
        for entry in node.map()? {
            if let Some((shape, pose)) = self.objects.get(&entry.key).cloned() {
                let care = Care {
                    deadline: 2.0 * HAND,
                    attempt: HAND,
                    then: vec![super::Fallback::Retry],
                    last: super::Fallback::Stop,
                };
                let name = format!("place {}", entry.key);
                let action = Action::Place(entry.key.clone(), shape, pose);
                self.push(entry.line, Work::Act(Box::new(Act { name, action, care })))?;
            }
        }
        Ok(())
    }

    fn steps(&mut self, node: &Node, within: Within) -> Result<(), JobError> {
        node.list()?.iter().try_for_each(|step| self.step(Step::of(step)?, within))
    }

    fn step(&mut self, step: Step<'_>, within: Within) -> Result<(), JobError> {
        match step.action {
            "branch" => self.branch(step, within),
            "repeat" => self.repeat(step, within),
            "parts" => self.parts(step, within),
            "run" => self.routine(step, within),
            _ => self.act(step, within),
        }
    }

    fn act(&mut self, step: Step<'_>, within: Within) -> Result<(), JobError> {
        let (default, action, deadline) = match step.action {
            "move_to" => self.move_to(step)?,
            "grip" => self.grip(step, within)?,
            "release" => self.release(step, within)?,
            "call" => call(step)?,
            _ => {
                let seconds = step.value.within(0.0, 86_400.0)?;
                // It ends by itself.
                (format!("wait {seconds} s"), Action::Wait(seconds), seconds + HAND)
            }
        };
        let care = Care::of(&step, deadline, within.aside())?;
        let act = Act { name: step.name(default)?, action, care };
        self.push(step.node.line, Work::Act(Box::new(act)))?;
        Ok(())
    }

    fn move_to(&self, step: Step<'_>) -> Result<(String, Action, f64), JobError> {
        let value = step.value;
        let (title, mut target) = if let Some(object) = value.get("object") {
            value.map_of(&["object"])?;
            let name = object.text()?.to_owned();
            let found = self.objects.get(&name);
            let (shape, pose) = found.ok_or_else(|| {
                let known = known(&self.objects);
                object.wrong(Wrong::UnknownObject { name: name.clone(), known })
            })?;
            // The tool comes from above, to the top of the box.
            let [x, y, z] = pose.position;
            let [_, _, height] = *shape;
            (name, Target::Pose(Pose::down([x, y, z + height / 2.0])))
        } else if value.map().is_ok() {
            ("a pose".to_owned(), target(value)?)
        } else {
            let name = value.text()?.to_owned();
            let found = self.poses.get(&name).cloned();
            let target = found.ok_or_else(|| {
                let known = known(&self.poses);
                value.wrong(Wrong::UnknownPose { name: name.clone(), known })
            })?;
            (name, target)
        };
        let line = step.option("line", Node::flag)?.unwrap_or(false);
        let above = step.node.get("above");
        match (&mut target, above) {
            (Target::Pose(pose), Some(node)) => pose.position[2] += node.within(-10.0, 10.0)?,
            (Target::Joints(_), Some(node)) => return Err(beside(node, "above", "joints")),
            (_, None) => {}
        }
        if let (Target::Joints(_), true) = (&target, line) {
            return Err(beside(step.node, "line", "joints"));
        }
        let speed = step.option("speed", |node| node.within(0.01, 1.0))?.unwrap_or(1.0);
        Ok((format!("move to {title}"), Action::MoveTo { target, line, speed }, MOVE))
    }

    fn grip(&self, step: Step<'_>, within: Within) -> Result<(String, Action, f64), JobError> {
        step.value.map_of(&["object", "box"])?;
        let object = self.handled(step, within, "grip")?;
        let given = step.value.get("box").map(shape).transpose()?;
        let of_object = object.as_ref().and_then(|name| self.objects.get(name)).map(|it| it.0);
        let shape = match given.or(of_object) {
            Some(shape) => shape,
            None => shape(step.value.need("box")?)?,
        };
        let at = step.option("at", |node| node.numbers::<3>())?;
        let pose = Pose::upright(at.unwrap_or([0.0, 0.0, shape[2] / 2.0]));
        let title = object.clone().unwrap_or_else(|| "the part".to_owned());
        Ok((format!("grip {title}"), Action::Grip(object, shape, pose), HAND))
    }

    fn release(&self, step: Step<'_>, within: Within) -> Result<(String, Action, f64), JobError> {
        step.value.map_of(&["object"])?;
        let object = self.handled(step, within, "release")?;
        let keep = step.option("keep", Node::flag)?.unwrap_or(false);
        let title = object.clone().unwrap_or_else(|| "the part".to_owned());
        Ok((format!("release {title}"), Action::Release(object, keep), HAND))
    }

    /// What the hand takes or lets go: an object of the job, or the part.
    fn handled(
        &self,
        step: Step<'_>,
        within: Within,
        action: &'static str,
    ) -> Result<Option<String>, JobError> {
        match step.value.get("object") {
            None if within == Within::Job => Err(step.value.wrong(Wrong::NoPart { action })),
            None => Ok(None),
            Some(node) => {
                let name = node.text()?.to_owned();
                if !self.objects.contains_key(&name) {
                    let known = known(&self.objects);
                    return Err(node.wrong(Wrong::UnknownObject { name, known }));
                }
                Ok(Some(name))
            }
        }
    }

    fn branch(&mut self, step: Step<'_>, within: Within) -> Result<(), JobError> {
        const KEYS: [&str; 4] = ["pass", "fail", "unsure", "unchecked"];
        step.value.map_of(&["pass", "fail", "unsure", "unchecked", "otherwise"])?;
        if within == Within::Job {
            return Err(step.value.wrong(Wrong::NoPart { action: "judge" }));
        }
        let line = step.node.line;
        let head = self.push(line, Work::End)?;
        let mut places = [None; 4];
        let mut ends = Vec::new();
        for (place, key) in places.iter_mut().zip(KEYS) {
            if let Some(node) = step.value.get(key) {
                *place = Some(self.here());
                self.steps(node, within)?;
                ends.push(self.push(line, Work::End)?);
            }
        }
        let otherwise = self.here();
        if let Some(node) = step.value.get("otherwise") {
            self.steps(node, within)?;
        }
        let behind = self.here();
        ends.into_iter().for_each(|place| self.set(place, Work::Jump(behind)));
        let [pass, fail, unsure, unchecked] = places.map(|place| place.unwrap_or(otherwise));
        self.set(head, Work::Branch(Branches { pass, fail, unsure, unchecked }));
        Ok(())
    }

    fn repeat(&mut self, step: Step<'_>, within: Within) -> Result<(), JobError> {
        let times = step.value.count()?;
        let (head, counter) = self.head(step)?;
        self.steps(step.node.need("steps")?, within)?;
        self.ensure_time_passes(head, step)?;
        self.push(step.node.line, Work::Jump(head))?;
        let end = self.here();
        self.set(head, Work::Repeat { counter, times, end });
        Ok(())
    }

    fn parts(&mut self, step: Step<'_>, within: Within) -> Result<(), JobError> {
        if within != Within::Job {
            return Err(step.node.wrong(Wrong::NestedParts));
        }
        let times = step.value.count()?;
        self.parts = self.parts.saturating_add(times);
        let line = step.node.line;
        let (head, counter) = self.head(step)?;
        // What becomes of a part that is set aside comes first, so that its place is known.
        let over = self.push(line, Work::End)?;
        let aside = self.here();
        if let Some(node) = step.node.get("set_aside") {
            self.steps(node, Within::Aside)?;
        }
        self.push(line, Work::PartAside(head))?;
        let body = self.here();
        self.set(over, Work::Jump(body));
        self.steps(step.node.need("steps")?, Within::Part(aside))?;
        self.ensure_time_passes(body, step)?;
        self.push(line, Work::PartDone(head))?;
        let end = self.here();
        self.set(head, Work::NextPart { counter, times, end });
        Ok(())
    }

    fn head(&mut self, step: Step<'_>) -> Result<(usize, usize), JobError> {
        let head = self.push(step.node.line, Work::End)?;
        let counter = self.counters;
        self.counters += 1;
        Ok((head, counter))
    }

    fn ensure_time_passes(&self, from: usize, step: Step<'_>) -> Result<(), JobError> {
        let takes_time = |it: &Instruction| match &it.work {
            Work::Act(act) => act.action != Action::Wait(0.0),
            _ => false,
        };
        match self.program.iter().skip(from).any(takes_time) {
            true => Ok(()),
            false => Err(step.node.wrong(Wrong::EmptyLoop)),
        }
    }

    fn routine(&mut self, step: Step<'_>, within: Within) -> Result<(), JobError> {
        let name = step.value.text()?.to_owned();
        if let Some(from) = self.chain.iter().position(|running| *running == name) {
            let mut chain: Vec<String> = self.chain.iter().skip(from).cloned().collect();
            chain.push(name);
            return Err(step.value.wrong(Wrong::Circle { chain }));
        }
        let Some(steps) = self.routines.get(&name).cloned() else {
            let known = known(&self.routines);
            return Err(step.value.wrong(Wrong::UnknownRoutine { name, known }));
        };
        self.chain.push(name);
        self.steps(&steps, within)?;
        self.chain.pop();
        Ok(())
    }
}

fn beside(node: &Node, key: &str, action: &str) -> JobError {
    node.wrong(Wrong::Beside { key: key.to_owned(), action: action.to_owned() })
}

fn call(step: Step<'_>) -> Result<(String, Action, f64), JobError> {
    let capability = name(step.value)?;
    let mut parameters = BTreeMap::new();
    if let Some(node) = step.node.get("with") {
        for entry in node.map()? {
            parameters.insert(entry.key.clone(), entry.node.text()?.to_owned());
        }
    }
    let wait = step.option("wait_for_station", |node| node.within(0.0, 86_400.0))?;
    let title = format!("call {capability}");
    Ok((title, Action::Call { capability, parameters, wait: wait.unwrap_or(0.0) }, CALL))
}
