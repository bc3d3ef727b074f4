//! Messages of other packages.
//!
//! The rule: conversions only.

use super::Server;
use crate::Watched;
use crate::markers::{LETTER, TextMarker};
use node::convert::{FromMsg, Refused, time};
use node::realtime::Report;
use r2r::diagnostic_msgs::msg::{DiagnosticArray, DiagnosticStatus};
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
