//! The process of the camera: a picture of the part that the cell says is there, and its name.
//!
//! The rule: the name on `camera/part` is that of the part in the picture with the same stamp, as a code
//! reader beside a real camera would say it; what is wrong with it is nowhere to be read.

use crate::{Config, HEIGHT, Image, Part, WIDTH, draw, draw_belt};
use node::convert::{FromMsg, Refused, time};
use node::topics::Latest;
use node::{Shell, StartError, signal};
use r2r::armature_msgs::msg::PartInPlace;
use r2r::sensor_msgs::msg::Image as ImageMsg;
use std::time::Duration;
use vocabulary::health::NodeHealth;
use vocabulary::joint::JointOrder;
use vocabulary::time::{Now, Pace};
use vocabulary::topics::{CAMERA_IMAGE, CAMERA_PART, CELL_PART};

/// Its name unless launch gives it another one.
pub const NAME: &str = "part_camera";

/// Longest sleep: heartbeats are due twenty times a second.
const SLEEP: Duration = Duration::from_millis(20);
const FRAME: &str = "camera";

/// The part that lies there; empty for none.
struct There(String);

impl FromMsg for There {
    type Msg = PartInPlace;

    fn from_msg(msg: &PartInPlace, _: &JointOrder) -> Result<Self, Refused> {
        Ok(Self(msg.part.clone()))
    }
}

struct Camera {
    config: Config,
    there: Latest<There>,
    images: r2r::Publisher<ImageMsg>,
    parts: r2r::Publisher<PartInPlace>,
    part: String,
    shots: u64,
    pace: Pace,
}

impl Camera {
    fn create(shell: &mut Shell, config: Config) -> Result<Self, StartError> {
        let pace = Pace::new(Duration::from_secs_f64(1.0 / config.rate));
        Ok(Self {
            config,
            there: shell.latest(CELL_PART)?,
            images: shell.messages(CAMERA_IMAGE.name, CAMERA_IMAGE.qos)?,
            parts: shell.messages(CAMERA_PART.name, CAMERA_PART.qos)?,
            part: String::new(),
            shots: 0,
            pace,
        })
    }

    /// Takes a picture when it is time, and at once of a part that has just come.
    fn look(&mut self, now: Now) {
        if let Some(There(part)) = self.there.take()
            && part != self.part
        {
            self.part = part;
            self.pace.hurry();
        }
        if !self.pace.due(now.mono) {
            return;
        }
        self.shots += 1;
        let image = if self.part.is_empty() {
            draw_belt(self.shots)
        } else {
            draw(&Part::of(&self.part, self.config.seed, self.config.bad), self.shots)
        };
        let stamp = time(now.stamp);
        let named = PartInPlace { stamp: stamp.clone(), part: self.part.clone() };
        let _ending = self.parts.publish(&named);
        let mut msg = picture(image);
        msg.header.stamp = stamp;
        let _ending = self.images.publish(&msg);
    }
}

fn picture(data: Image) -> ImageMsg {
    let mut msg = ImageMsg {
        height: HEIGHT as u32,
        width: WIDTH as u32,
        encoding: "mono8".to_owned(),
        step: WIDTH as u32,
        data,
        ..ImageMsg::default()
    };
    FRAME.clone_into(&mut msg.header.frame_id);
    msg
}

/// The work of the node, until its process is asked to end.
///
/// # Errors
/// [`StartError`] when it cannot begin; whatever ended it otherwise.
pub fn run(mut shell: Shell) -> anyhow::Result<()> {
    let config: Config = shell.parameters().config().map_err(StartError::from)?;
    config.validate().map_err(StartError::config)?;
    let mut camera = Camera::create(&mut shell, config)?;
    shell.start();
    while !signal::stop_requested() {
        let now = shell.poll_within(SLEEP);
        if shell.is_active() {
            camera.look(now);
        }
        shell.beat(now, || (NodeHealth::default(), vec![("pictures", camera.shots.to_string())]));
    }
    Ok(())
}
