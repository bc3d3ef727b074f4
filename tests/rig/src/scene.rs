//! What planning knows to stand around the arm.

use crate::client::ArmClient;
use anyhow::{Result, ensure};
use r2r::armature_msgs::msg::SceneObject;
use r2r::armature_msgs::srv::EditScene;
use r2r::geometry_msgs::msg::{Point, Pose, Quaternion};
use std::time::Duration;

const ANSWER: Duration = Duration::from_secs(5);

/// An upright box of these edges around this place, m.
#[must_use]
pub fn cuboid(name: &str, edges: [f64; 3], [x, y, z]: [f64; 3]) -> SceneObject {
    let orientation = Quaternion { w: 1.0, ..Quaternion::default() };
    SceneObject {
        name: name.into(),
        shape: SceneObject::BOX as u8,
        dimensions: edges.to_vec(),
        pose: Pose { position: Point { x, y, z }, orientation },
        ..SceneObject::default()
    }
}

/// Adds an object.
///
/// # Errors
/// When planning refuses it or does not answer.
pub fn add(arm: &mut ArmClient, object: SceneObject) -> Result<()> {
    edit(arm, EditScene::Request::ADD as u8, object)
}

/// Removes the object of that name.
///
/// # Errors
/// As of [`add`].
pub fn remove(arm: &mut ArmClient, object: SceneObject) -> Result<()> {
    edit(arm, EditScene::Request::REMOVE as u8, object)
}

fn edit(arm: &mut ArmClient, action: u8, object: SceneObject) -> Result<()> {
    let name = object.name.clone();
    let request = EditScene::Request { action, object, ..Default::default() };
    let answer = arm.call::<EditScene::Service>("planning/scene", &request, ANSWER)?;
    ensure!(answer.success, "scene refuses {name}: {}", answer.message);
    Ok(())
}
