//! What is shared with another arm.

use std::time::Duration;

use crate::shared::Object;
use crate::{Planning, PlanningError};
use node::convert::{FromMsg, Refused};
use node::topics::Latest;
use node::{Shell, StartError};
use r2r::armature_msgs::msg::SharedScene;
use r2r::sensor_msgs::msg::JointState;
use vocabulary::health::LogLine;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Monotonic, Now};
use vocabulary::topics::Qos;

use super::scene::shape;
use super::unframed;

/// The same trouble is told at most this often.
const QUIET: Duration = Duration::from_secs(10);

/// The wires to what is shared; without parameters there are none.
pub struct Shared {
    scene: Option<Latest<Objects>>,
    neighbour: Option<Latest<Joints>>,
    quiet_until: Monotonic,
}

struct Objects(Vec<Object>);

struct Joints {
    names: Vec<String>,
    positions: Vec<f64>,
}

impl FromMsg for Objects {
    type Msg = SharedScene;

    fn from_msg(msg: &SharedScene, _: &JointOrder) -> Result<Self, Refused> {
        let objects = msg.objects.iter();
        let objects =
            objects.map(|object| (object.name.clone(), shape(object), unframed(&object.pose)));
        Ok(Self(objects.collect()))
    }
}

impl FromMsg for Joints {
    type Msg = JointState;

    fn from_msg(msg: &JointState, _: &JointOrder) -> Result<Self, Refused> {
        Ok(Self { names: msg.name.clone(), positions: msg.position.clone() })
    }
}

impl Shared {
    /// Listens to what the parameters name.
    pub fn create(shell: &mut Shell, planning: &Planning) -> Result<Self, StartError> {
        let settings = planning.shared_settings().clone();
        let joints = &settings.neighbour.joint_states;
        Ok(Self {
            scene: match settings.scene.as_str() {
                "" => None,
                topic => Some(shell.latest_named(topic, Qos::Latched)?),
            },
            neighbour: match joints.as_str() {
                "" => None,
                topic => Some(shell.latest_named(topic, Qos::Latest)?),
            },
            quiet_until: Monotonic::default(),
        })
    }

    /// Takes in what came.
    pub fn serve(&mut self, planning: &mut Planning, now: Now, shell: &Shell) {
        if let Some(Objects(objects)) = self.scene.as_ref().and_then(Latest::take) {
            let heard = planning.hear_shared(&objects);
            self.tell("the shared scene is refused", heard, now, shell);
        }
        if let Some(joints) = self.neighbour.as_ref().and_then(Latest::take) {
            let heard = planning.hear_neighbour(&joints.names, &joints.positions);
            self.tell("joint states of the neighbour are refused", heard, now, shell);
        }
        let seen = planning.watch_neighbour(now.mono);
        self.tell("the neighbour cannot be seen", seen, now, shell);
    }

    fn tell(&mut self, what: &str, heard: Result<(), PlanningError>, now: Now, shell: &Shell) {
        if let Err(error) = heard
            && now.mono >= self.quiet_until
        {
            self.quiet_until = now.mono + QUIET;
            shell.log(&LogLine::warn(format!("{what}: {error}")));
        }
    }
}
