//! The service `scene`.

use crate::question::{Edit, RawShape};
use crate::{Planning, PlanningError};
use r2r::armature_msgs::msg::SceneObject;
use r2r::armature_msgs::srv::EditScene::{Request, Response};
use vocabulary::time::Now;

use super::{coordinates, unframed};

/// Changes the scene as asked.
pub fn edited(planning: &mut Planning, asked: &Request, now: Now, active: bool) -> Response {
    let result = match active {
        true => planning.edit(&edit(asked), now.mono),
        false => Err(PlanningError::Inactive),
    };
    let scene = planning.scene();
    Response {
        success: result.is_ok(),
        message: result.err().map_or_else(String::new, |error| error.to_string()),
        revision: planning.revision(),
        objects: scene.objects().keys().cloned().collect(),
        attached: scene.attached().keys().cloned().collect(),
    }
}

fn edit(asked: &Request) -> Edit {
    let SceneObject { name, pose, .. } = &asked.object;
    let name = name.clone();
    match asked.action {
        0 => Edit::List,
        1 => Edit::Add(name, shape(&asked.object), unframed(pose)),
        2 => Edit::Move(name, unframed(pose)),
        3 => Edit::Remove(name),
        4 => Edit::Attach {
            name,
            shape: shape(&asked.object),
            pose: unframed(pose),
            link: asked.link.clone(),
            touch: asked.touch.clone(),
        },
        5 => Edit::Detach(name),
        6 => Edit::Clear,
        unknown => Edit::Unknown(unknown),
    }
}

/// The shape of an object as it was sent.
pub fn shape(object: &SceneObject) -> RawShape {
    RawShape {
        kind: object.shape,
        dimensions: object.dimensions.clone(),
        vertices: object.vertices.iter().map(coordinates).collect(),
        triangles: object.triangles.clone(),
    }
}
