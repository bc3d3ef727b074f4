//! Planning as the cell uses it: `move_to`, and the scene for what the hand takes.

use crate::io::{Edit, Moved, News, Order, SceneAnswer, What};
use crate::job::{Pose, Shape, Target};
use node::action_client::{ActionClient, ClientEvent};
use node::clients::{Caller, Pending};
use node::{Shell, StartError};
use r2r::armature_msgs::action::MoveTo;
use r2r::armature_msgs::msg::{MotionTarget, PlanOutcome, SceneObject};
use r2r::armature_msgs::srv::EditScene;
use r2r::geometry_msgs::msg::{Point, Pose as PoseMsg, PoseStamped, Quaternion};
use vocabulary::health::LogLine;
use vocabulary::topics::planning_service::{MOVE_TO, SCENE};

/// The wires to planning.
pub struct Arm {
    move_to: ActionClient<MoveTo::Action>,
    scene: Caller<EditScene::Service>,
    /// Number of the motion under way.
    motion: u64,
    edit: Option<(u64, Pending<EditScene::Response>)>,
    /// What could not even be sent.
    lost: Vec<News>,
}

impl Arm {
    /// Creates all.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            move_to: shell.action_client(MOVE_TO)?,
            scene: shell.caller(SCENE)?,
            motion: 0,
            edit: None,
            lost: Vec::new(),
        })
    }

    /// What became of the orders.
    pub fn news(&mut self) -> Vec<News> {
        let mut all = std::mem::take(&mut self.lost);
        let number = self.motion;
        all.extend(self.move_to.events().into_iter().filter_map(|event| {
            let what = match event {
                ClientEvent::Accepted => What::Accepted,
                ClientEvent::Feedback(_) => return None,
                ClientEvent::Ended(_, result) => What::Moved(moved(result.outcome)),
                ClientEvent::Lost(why) => What::Lost(format!("move_to: {why}")),
            };
            Some(News { number, what })
        }));
        if let Some((number, pending)) = &mut self.edit
            && let Some(answer) = pending.look()
        {
            let what = match answer {
                Ok(answer) => What::Scene(scene_answer(answer)),
                Err(error) => What::Lost(format!("planning/scene: {error}")),
            };
            all.push(News { number: *number, what });
            self.edit = None;
        }
        all
    }

    /// Gives an order to planning; false when it is for somebody else.
    pub fn obey(&mut self, order: &Order, shell: &Shell) -> bool {
        match order {
            Order::Move { number, target, line, speed } => {
                self.motion = *number;
                let sent = self.move_to.send(goal(target, *line, *speed));
                self.note(*number, sent.map_err(|error| error.to_string()), shell);
            }
            Order::StopMove => self.move_to.cancel(),
            Order::Scene { number, edit } => match self.scene.ask(&request(edit)) {
                Ok(pending) => self.edit = Some((*number, pending)),
                Err(error) => self.note(*number, Err(error.to_string()), shell),
            },
            Order::Ask { .. } | Order::Withdraw { .. } => return false,
        }
        true
    }

    fn note(&mut self, number: u64, sent: Result<(), String>, shell: &Shell) {
        if let Err(why) = sent {
            shell.log(&LogLine::error(format!("order {number} could not be sent: {why}")));
            self.lost.push(News { number, what: What::Lost(why) });
        }
    }
}

fn moved(outcome: PlanOutcome) -> Moved {
    match outcome.code {
        code if code == PlanOutcome::SUCCESS as u8 || code == PlanOutcome::ALREADY_THERE as u8 => {
            Moved::Reached
        }
        code if code == PlanOutcome::BUSY as u8 => Moved::Busy(outcome.message),
        _ => Moved::Failed(format!("move_to: {}", outcome.message)),
    }
}

fn scene_answer(answer: EditScene::Response) -> SceneAnswer {
    let EditScene::Response { success, message, objects, attached, .. } = answer;
    let message = format!("planning/scene: {message}");
    SceneAnswer { success, message, objects, attached }
}

fn goal(target: &Target, line: bool, speed: f64) -> MoveTo::Goal {
    let mut goal = MoveTo::Goal::default();
    goal.settings.speed = speed;
    goal.target = match target {
        Target::Joints(positions) => MotionTarget {
            kind: MotionTarget::JOINTS as u8,
            positions: positions.clone(),
            ..MotionTarget::default()
        },
        Target::Pose(place) => {
            let kind = if line { MotionTarget::LINE as u8 } else { MotionTarget::POSE as u8 };
            let mut stamped = PoseStamped { pose: pose(place), ..PoseStamped::default() };
            stamped.header.frame_id.clone_from(&place.frame);
            MotionTarget { kind, pose: stamped, ..MotionTarget::default() }
        }
    };
    goal
}

fn pose(place: &Pose) -> PoseMsg {
    let ([x, y, z], [i, j, k, w]) = (place.position, place.quaternion);
    PoseMsg { position: Point { x, y, z }, orientation: Quaternion { x: i, y: j, z: k, w } }
}

fn request(edit: &Edit) -> EditScene::Request {
    let (action, object) = match edit {
        Edit::Add(name, shape, pose) => (EditScene::Request::ADD as u8, solid(name, shape, pose)),
        Edit::Attach(name, shape, pose) => {
            (EditScene::Request::ATTACH as u8, solid(name, shape, pose))
        }
        Edit::Take(name) => (EditScene::Request::ATTACH as u8, named(name)),
        Edit::Detach(name) => (EditScene::Request::DETACH as u8, named(name)),
        Edit::Remove(name) => (EditScene::Request::REMOVE as u8, named(name)),
    };
    EditScene::Request { action, object, ..EditScene::Request::default() }
}

fn named(name: &str) -> SceneObject {
    SceneObject { name: name.to_owned(), ..SceneObject::default() }
}

fn solid(name: &str, shape: &Shape, place: &Pose) -> SceneObject {
    SceneObject {
        shape: SceneObject::BOX as u8,
        dimensions: shape.to_vec(),
        pose: pose(place),
        ..named(name)
    }
}
