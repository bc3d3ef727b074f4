//! The topics of jogging.

use crate::Planning;
use crate::PlanningError;
use crate::jog::{Ask, Command, Desk, Jog, Sent, Status};
use node::convert::{FromMsg, Refused, stamp, time};
use node::topics::Stream;
use node::{Shell, StartError};
use r2r::armature_msgs::msg::JogStatus;
use r2r::control_msgs::msg::JointJog;
use r2r::geometry_msgs::msg::{TwistStamped, Vector3};
use r2r::trajectory_msgs::msg::JointTrajectory;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Now, Received};
use vocabulary::topics::{JOG_FRAME, JOG_JOINT, JOG_STATUS, JOG_TWIST, JOINT_TRAJECTORY};

/// The wires of jogging.
pub struct Stick {
    joints: Stream<JointCommand>,
    twists: Stream<TwistCommand>,
    courses: r2r::Publisher<JointTrajectory>,
    status: r2r::Publisher<JogStatus>,
}

struct JointCommand(Command);
struct TwistCommand(Command);

impl FromMsg for JointCommand {
    type Msg = JointJog;

    fn from_msg(msg: &JointJog, _: &JointOrder) -> Result<Self, Refused> {
        let ask = Ask::Joints {
            names: msg.joint_names.clone(),
            velocities: msg.velocities.clone(),
            displacements: msg.displacements.len(),
        };
        Ok(Self(Command { stamp: stamp(&msg.header.stamp), ask }))
    }
}

impl FromMsg for TwistCommand {
    type Msg = TwistStamped;

    fn from_msg(msg: &TwistStamped, _: &JointOrder) -> Result<Self, Refused> {
        let ask = Ask::Twist {
            frame: msg.header.frame_id.clone(),
            linear: coordinates(&msg.twist.linear),
            angular: coordinates(&msg.twist.angular),
        };
        Ok(Self(Command { stamp: stamp(&msg.header.stamp), ask }))
    }
}

fn coordinates(msg: &Vector3) -> [f64; 3] {
    [msg.x, msg.y, msg.z]
}

impl Stick {
    /// Creates all.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            joints: shell.stream(JOG_JOINT)?,
            twists: shell.stream(JOG_TWIST)?,
            courses: shell.messages(JOINT_TRAJECTORY.name, JOINT_TRAJECTORY.qos)?,
            status: shell.messages(JOG_STATUS.name, JOG_STATUS.qos)?,
        })
    }

    /// Lets the arm follow what came.
    pub fn serve(
        &self,
        jog: &mut Jog,
        planning: &mut Planning,
        (now, shell): (Now, &Shell),
        obstacle: Option<PlanningError>,
    ) {
        let desk = Desk { planning, now, period: shell.arm().period, obstacle };
        let sent = jog.step(&desk, &self.commands());
        if let Some(sent) = sent {
            let _ending = self.courses.publish(&course(&sent, planning.order()));
        }
        if let Some(status) = jog.status(now.mono) {
            let _ending = self.status.publish(&told(status, now));
        }
        planning.jogging = jog.is_busy();
    }

    fn commands(&self) -> Vec<Received<Command>> {
        let joints = self.joints.take_received().into_iter();
        let twists = self.twists.take_received().into_iter();
        let mut all: Vec<Received<Command>> = joints
            .map(|received| Received { at: received.at, value: received.value.0 })
            .chain(twists.map(|received| Received { at: received.at, value: received.value.0 }))
            .collect();
        all.sort_by_key(|received| received.at);
        all
    }
}

fn course(sent: &Sent, order: &JointOrder) -> JointTrajectory {
    let points = sent.points.iter().map(|(at, state)| {
        node::convert::trajectory_point(&state.position, &state.velocity, &state.acceleration, *at)
    });
    let mut msg = JointTrajectory {
        joint_names: order.names().to_vec(),
        points: points.collect(),
        ..JointTrajectory::default()
    };
    msg.header.stamp = time(sent.start);
    JOG_FRAME.clone_into(&mut msg.header.frame_id);
    msg
}

fn told(status: Status, now: Now) -> JogStatus {
    let Status { state, scale, reason, refused } = status;
    JogStatus { stamp: time(now.stamp), state: state as u8, scale, reason, refused }
}
