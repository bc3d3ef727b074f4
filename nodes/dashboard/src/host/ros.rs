//! Messages of other packages.
//!
//! The rule: conversions only.

use super::Server;
use crate::Watched;
use crate::markers::{LETTER, TextMarker};
use crate::preview::Motion;
use crate::surroundings::{Form, Shape};
use node::convert::{FromMsg, Refused, finite_per_joint, seconds, time};
use node::realtime::Report;
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
use r2r::trajectory_msgs::msg::JointTrajectory;
use r2r::visualization_msgs::msg::{Marker, MarkerArray};
use vocabulary::health::Health;
use vocabulary::joint::JointOrder;
use vocabulary::time::Stamp;

/// What the supervisor says of nodes in one message on `/diagnostics`; empty for those of others.
pub struct Watch(pub Vec<Watched>);

impl FromMsg for Watch {
    type Msg = DiagnosticArray;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self(msg.status.iter().filter_map(watched).collect()))
    }
}

fn watched(status: &DiagnosticStatus) -> Option<Watched> {
    let node = status.name.strip_prefix("supervisor: ")?;
    let value = |key: &str| Some(status.values.iter().find(|pair| pair.key == key)?.value.as_str());
    Some(Watched {
        node: node.to_owned(),
        expected: value("expected")? == "true",
        joints: status.hardware_id.clone(),
        boots: value("boots")?.parse().ok()?,
    })
}

/// A motion on `planning/preview`.
pub struct Announced(pub Motion);

impl FromMsg for Announced {
    type Msg = JointTrajectory;

    fn from_msg(msg: &Self::Msg, order: &JointOrder) -> Result<Self, Refused> {
        if msg.joint_names != order.names().as_slice() {
            let value = format!("{:?}", msg.joint_names);
            let allowed = "the joints of arm.joints in that order";
            return Err(Refused::Value { field: "joint_names", value, allowed });
        }
        let times = msg.points.iter().map(|point| seconds(&point.time_from_start)).collect();
        let positions =
            msg.points.iter().map(|point| finite_per_joint("positions", &point.positions));
        Ok(Self(Motion { times, positions: positions.collect::<Result<_, _>>()? }))
    }
}

/// Everything that planning shows on `planning/markers`: each message is whole.
pub struct Shown(pub Vec<Shape>);

impl FromMsg for Shown {
    type Msg = MarkerArray;

    fn from_msg(msg: &Self::Msg, _order: &JointOrder) -> Result<Self, Refused> {
        Ok(Self(msg.markers.iter().filter_map(shape).collect()))
    }
}

/// The kinds of markers that the page draws.
const FORMS: [(i32, Form); 6] = [
    (Marker::CUBE as i32, Form::Box),
    (Marker::SPHERE as i32, Form::Ball),
    (Marker::CYLINDER as i32, Form::Cylinder),
    (Marker::LINE_STRIP as i32, Form::Line),
    (Marker::SPHERE_LIST as i32, Form::Balls),
    (Marker::TRIANGLE_LIST as i32, Form::Triangles),
];

/// `None` for kinds of markers that the page does not draw, and for numbers that nobody could.
fn shape(msg: &Marker) -> Option<Shape> {
    let form = FORMS.iter().find(|(kind, _)| *kind == msg.type_)?.1;
    let (at, turn, size) = (&msg.pose.position, &msg.pose.orientation, &msg.scale);
    let (position, size) = ([at.x, at.y, at.z], [size.x, size.y, size.z]);
    let turn = [turn.x, turn.y, turn.z, turn.w];
    let points = msg.points.iter().map(|p| [p.x as f32, p.y as f32, p.z as f32]);
    let points: Vec<[f32; 3]> = points.collect();
    let finite = position.iter().chain(&turn).chain(&size).all(|value| value.is_finite())
        && points.iter().flatten().all(|value| value.is_finite());
    let color = [msg.color.r, msg.color.g, msg.color.b, msg.color.a];
    let shape = Shape {
        name: msg.ns.clone(),
        form,
        frame: msg.header.frame_id.clone(),
        position,
        turn,
        size,
        color,
        points,
    };
    (msg.action == Marker::ADD as i32 && finite).then_some(shape)
}

/// The texts, in place of all that were there before.
pub fn markers(texts: &[TextMarker], stamp: Stamp) -> MarkerArray {
    let clear = Marker { action: Marker::DELETEALL as i32, ..Marker::default() };
    let all = std::iter::once(clear).chain(texts.iter().map(|text| marker(text, stamp)));
    MarkerArray { markers: all.collect() }
}

fn marker(of: &TextMarker, stamp: Stamp) -> Marker {
    let mut marker = Marker {
        ns: "alarms".to_owned(),
        id: of.id,
        type_: Marker::TEXT_VIEW_FACING as i32,
        action: Marker::ADD as i32,
        // It moves with its joint.
        frame_locked: true,
        text: of.text.clone(),
        ..Marker::default()
    };
    marker.header.frame_id.clone_from(&of.frame);
    marker.header.stamp = time(stamp);
    marker.pose.position.z = of.height;
    marker.pose.orientation.w = 1.0;
    marker.scale.z = LETTER;
    let [r, g, b, a] = of.color;
    marker.color = r2r::std_msgs::msg::ColorRGBA { r, g, b, a };
    marker
}

/// Adds who watches, and why nobody can.
pub fn annotate((mut health, mut values): Report, server: &Server) -> Report {
    values.push(("browsers", server.browsers().to_string()));
    let address = server.address().map_or_else(String::new, |a| a.to_string());
    values.push(("address", address));
    let trouble = server.trouble();
    if !trouble.is_empty() {
        health.health = Health::Warn;
        health.message = trouble;
    }
    (health, values)
}
