//! The scene and the way of the tip as rviz shows them.

use crate::{Driven, Planning};
use collision::{Pose, Shape};
use r2r::geometry_msgs::msg::Vector3;
use r2r::std_msgs::msg::ColorRGBA;
use r2r::visualization_msgs::msg::{Marker, MarkerArray};
use vocabulary::time::Now;

use super::{point, pose};

const ADD: i32 = 0;
const DELETE_ALL: i32 = 3;
const CUBE: i32 = 1;
const SPHERE: i32 = 2;
const CYLINDER: i32 = 3;
const LINE_STRIP: i32 = 4;
const SPHERE_LIST: i32 = 7;
const TRIANGLE_LIST: i32 = 11;

/// Pieces of the line that shows the way of the tip.
const PIECES: usize = 100;
/// Points are shown at least this thick, m.
const VISIBLE: f64 = 0.005;

const AROUND: [f32; 4] = [0.3, 0.7, 0.4, 0.6];
const CARRIED: [f32; 4] = [0.6, 0.3, 0.8, 0.8];
const WAY: [f32; 4] = [0.95, 0.45, 0.1, 1.0];

/// Everything that is to be seen now; what was shown before goes.
pub fn markers(planning: &Planning, motion: Option<&Driven>, now: Now) -> MarkerArray {
    let [base, _] = planning.links();
    let into_base = planning.base().inverse();
    let mut all = vec![Marker { action: DELETE_ALL, ..Marker::default() }];
    let shared = planning.shared_objects().objects();
    for (name, object) in planning.scene().objects().iter().chain(shared) {
        let place = into_base * object.pose;
        all.extend(shown(&object.shape, &place).into_iter().map(|mut marker| {
            marker.ns = format!("scene/{name}");
            marker.color = color(AROUND);
            marker.header.frame_id.clone_from(base);
            marker
        }));
    }
    for (name, carried) in planning.scene().attached() {
        let place = carried.pose_in_link(planning.robot());
        all.extend(shown(&carried.shape, &place).into_iter().map(|mut marker| {
            marker.ns = format!("carried/{name}");
            marker.color = color(CARRIED);
            marker.header.frame_id.clone_from(&carried.link);
            marker.frame_locked = true;
            marker
        }));
    }
    all.extend(motion.map(|motion| {
        let mut line = marker(LINE_STRIP, &Pose::identity(), [VISIBLE, 0.0, 0.0]);
        line.points = planning.way(motion, PIECES).into_iter().map(point).collect();
        (line.ns, line.color) = ("way".to_owned(), color(WAY));
        line.header.frame_id.clone_from(base);
        line
    }));
    for (id, marker) in (0..).zip(&mut all) {
        marker.id = id;
        marker.header.stamp = node::convert::time(now.stamp);
    }
    MarkerArray { markers: all }
}

fn color([r, g, b, a]: [f32; 4]) -> ColorRGBA {
    ColorRGBA { r, g, b, a }
}

fn marker(kind: i32, place: &Pose, [x, y, z]: [f64; 3]) -> Marker {
    Marker {
        action: ADD,
        type_: kind,
        pose: pose(place),
        scale: Vector3 { x, y, z },
        ..Marker::default()
    }
}

/// The markers of one shape; a capsule takes three.
fn shown(shape: &Shape, place: &Pose) -> Vec<Marker> {
    match shape {
        Shape::Sphere { radius } => vec![marker(SPHERE, place, [2.0 * radius; 3])],
        Shape::Cuboid { half_extents } => vec![marker(CUBE, place, (half_extents * 2.0).into())],
        Shape::Cylinder { radius, length } => {
            vec![marker(CYLINDER, place, [2.0 * radius, 2.0 * radius, *length])]
        }
        Shape::Capsule { radius, length } => {
            let end = |side: f64| place * Pose::translation(0.0, 0.0, side * length / 2.0);
            let ball = |side| marker(SPHERE, &end(side), [2.0 * radius; 3]);
            let middle = [2.0 * radius, 2.0 * radius, length.max(1e-6)];
            vec![marker(CYLINDER, place, middle), ball(-1.0), ball(1.0)]
        }
        Shape::Mesh(mesh) => {
            let mut all = marker(TRIANGLE_LIST, place, [1.0; 3]);
            let corners = mesh.triangles().iter().flatten();
            let vertices = corners.filter_map(|index| mesh.vertices().get(*index as usize));
            all.points = vertices.map(|vertex| point((*vertex).into())).collect();
            vec![all]
        }
        Shape::Points { points, radius } => {
            let mut all = marker(SPHERE_LIST, place, [(2.0 * radius).max(VISIBLE); 3]);
            all.points = points.iter().map(|at| point((*at).into())).collect();
            vec![all]
        }
    }
}
