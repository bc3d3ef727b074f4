//! The words of a job: steps, poses, shapes.

use super::{Pose, Shape, Target};
use crate::error::{JobError, Wrong};
use crate::names::is_name;
use crate::yaml::Node;

/// What a step can do: the first of its keys names it.
pub const ACTIONS: [&str; 9] =
    ["move_to", "grip", "release", "call", "wait", "branch", "repeat", "parts", "run"];

/// Arm joints.
const JOINTS: usize = vocabulary::joint::JOINTS;
/// Longest length that a place can have, m.
const FAR: f64 = 100.0;

/// A step as it stands in the YAML.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// All of it.
    pub node: &'a Node,
    /// Which of [`ACTIONS`].
    pub action: &'static str,
    /// The value of that key.
    pub value: &'a Node,
}

impl<'a> Step<'a> {
    /// Looks which action it is, and whether its other keys fit.
    pub fn of(node: &'a Node) -> Result<Self, JobError> {
        let keys: Vec<&str> = node.map()?.iter().map(|entry| entry.key.as_str()).collect();
        let mut found = ACTIONS.into_iter().filter(|action| keys.contains(action));
        let (Some(action), None) = (found.next(), found.next()) else {
            let found = keys.iter().map(|&key| key.to_owned()).collect();
            let known = ACTIONS.map(str::to_owned).to_vec();
            return Err(node.wrong(Wrong::OneAction { found, known }));
        };
        let value = node.need(action)?;
        let step = Self { node, action, value };
        for entry in node.map()? {
            if entry.key != action && !step.knows(&entry.key) {
                let (key, action) = (entry.key.clone(), action.to_owned());
                return Err(JobError { line: entry.line, wrong: Wrong::Beside { key, action } });
            }
        }
        Ok(step)
    }

    fn knows(&self, key: &str) -> bool {
        let care = ["name", "deadline", "attempt", "fallback"].contains(&key);
        match self.action {
            "move_to" => care || ["line", "speed", "above"].contains(&key),
            "call" => care || ["with", "wait_for_station"].contains(&key),
            "grip" => care || ["at"].contains(&key),
            "release" => care || key == "keep",
            "wait" => key == "name",
            "repeat" => key == "steps",
            "parts" => ["steps", "set_aside"].contains(&key),
            _ => false,
        }
    }

    /// The value of a key that may be missing.
    pub fn option<T>(
        &self,
        key: &str,
        read: impl FnOnce(&Node) -> Result<T, JobError>,
    ) -> Result<Option<T>, JobError> {
        self.node.get(key).map(read).transpose()
    }

    /// How people call it.
    pub fn name(&self, default: String) -> Result<String, JobError> {
        Ok(self.option("name", |node| Ok(node.text()?.to_owned()))?.unwrap_or(default))
    }
}

/// A name.
pub fn name(node: &Node) -> Result<String, JobError> {
    let text = node.text()?.to_owned();
    if is_name(&text) { Ok(text) } else { Err(node.wrong(Wrong::Name { text })) }
}

/// `{joints: […]}`, or a pose.
pub fn target(node: &Node) -> Result<Target, JobError> {
    if node.get("joints").is_none() {
        node.map_of(&["position", "rpy", "quaternion", "frame"])?;
        return Ok(Target::Pose(pose(node, Pose::down)?));
    }
    node.map_of(&["joints"])?;
    Ok(Target::Joints(node.need("joints")?.numbers::<JOINTS>()?.to_vec()))
}

/// The pose that the keys position, rpy or quaternion, and frame give; how it stands without a turn is up
/// to the caller.
pub fn pose(node: &Node, stand: impl FnOnce([f64; 3]) -> Pose) -> Result<Pose, JobError> {
    let place = node.need("position")?;
    let position: [f64; 3] = place.numbers()?;
    if let Some(value) = position.into_iter().find(|value| value.abs() > FAR) {
        return Err(place.wrong(Wrong::Range { value, lowest: -FAR, highest: FAR }));
    }
    let mut pose = stand(position);
    match (node.get("rpy"), node.get("quaternion")) {
        (Some(_), Some(both)) => {
            let (key, action) = ("quaternion".to_owned(), "rpy".to_owned());
            return Err(both.wrong(Wrong::Beside { key, action }));
        }
        (Some(angles), None) => pose.quaternion = turned(angles.numbers()?),
        (None, Some(turn)) => pose.quaternion = unit(turn)?,
        (None, None) => {}
    }
    if let Some(frame) = node.get("frame") {
        frame.text()?.clone_into(&mut pose.frame);
    }
    Ok(pose)
}

/// The quaternion of roll, pitch, yaw about fixed axes, rad.
fn turned([roll, pitch, yaw]: [f64; 3]) -> [f64; 4] {
    let ((sr, cr), (sp, cp)) = ((roll / 2.0).sin_cos(), (pitch / 2.0).sin_cos());
    let (sy, cy) = (yaw / 2.0).sin_cos();
    [
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    ]
}

fn unit(node: &Node) -> Result<[f64; 4], JobError> {
    let turn: [f64; 4] = node.numbers()?;
    let length = turn.iter().map(|it| it * it).sum::<f64>().sqrt();
    if (length - 1.0).abs() > 1e-3 {
        return Err(node.wrong(Wrong::Range { value: length, lowest: 0.999, highest: 1.001 }));
    }
    Ok(turn.map(|it| it / length))
}

/// Edges of a box, m.
pub fn shape(node: &Node) -> Result<Shape, JobError> {
    let edges: Shape = node.numbers()?;
    match edges.into_iter().find(|edge| !(1e-4..=FAR).contains(edge)) {
        Some(value) => Err(node.wrong(Wrong::Range { value, lowest: 1e-4, highest: FAR })),
        None => Ok(edges),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roll_pitch_yaw_turn_as_in_urdf() {
        use std::f64::consts::{FRAC_1_SQRT_2, PI};
        let near = |a: [f64; 4], b: [f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near(turned([PI, 0.0, 0.0]), [1.0, 0.0, 0.0, 0.0]));
        assert!(near(turned([0.0, 0.0, PI / 2.0]), [0.0, 0.0, FRAC_1_SQRT_2, FRAC_1_SQRT_2]));
        // Yaw after pitch: x goes to y by the yaw, whatever the pitch about the fixed y axis did before.
        assert!(near(turned([0.0, PI / 2.0, PI / 2.0]), [-0.5, 0.5, 0.5, 0.5]));
    }
}
