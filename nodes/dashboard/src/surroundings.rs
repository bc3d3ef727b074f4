//! What planning knows around the arm and in its hand, and the way of the tip of its newest motion.
//!
//! The rule: however much of it there is, a page gets no more than [`MOST`] points of bodies; the rest
//! is left out evenly, and the page is told. Lines are short and stay whole.

use crate::view::{Kind, Update};
use serde::Serialize;

/// Points of all bodies together that a page gets.
pub const MOST: usize = 20_000;

/// How a shape is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Edges `size`.
    Box,
    /// Diameters `size`.
    Ball,
    /// Diameters and length along z: `size`.
    Cylinder,
    /// A line through the points.
    Line,
    /// A ball at every point, diameters `size`.
    Balls,
    /// Three points per triangle.
    Triangles,
}

impl Form {
    /// Points that belong together: left out or kept as one.
    const fn group(self) -> usize {
        if matches!(self, Self::Triangles) { 3 } else { 1 }
    }
}

/// One thing to draw.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shape {
    /// Whose it is: `scene/NAME`, `carried/NAME` or `way`.
    pub name: String,
    /// How it is drawn.
    pub form: Form,
    /// Link that it belongs to.
    pub frame: String,
    /// In the frame, m.
    pub position: [f64; 3],
    /// In the frame, a unit quaternion x, y, z, w.
    pub turn: [f64; 4],
    /// m; see [`Form`].
    pub size: [f64; 3],
    /// Red, green, blue, opacity, 0 to 1.
    pub color: [f32; 4],
    /// In the shape's own frame, m.
    pub points: Vec<[f32; 3]>,
}

impl Shape {
    /// Points that count, and that may be left out.
    fn bulk(&self) -> usize {
        if self.form == Form::Line { 0 } else { self.points.len() }
    }

    /// Keeps one group of points in `share`.
    fn thin(&mut self, share: usize) {
        if self.bulk() > 0 {
            let groups = self.points.chunks(self.form.group());
            let kept = groups.skip(share - 1).step_by(share);
            self.points = kept.flatten().copied().collect();
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "k", rename = "surroundings")]
struct Surroundings<'a> {
    shapes: &'a [Shape],
    /// Something was left out.
    thinned: bool,
}

/// All shapes there are.
#[must_use]
pub fn surroundings(mut shapes: Vec<Shape>) -> Update {
    let points: usize = shapes.iter().map(Shape::bulk).sum();
    let thinned = points > MOST;
    if thinned {
        let share = points.div_ceil(MOST);
        shapes.iter_mut().for_each(|shape| shape.thin(share));
    }
    Update::new(Kind::Surroundings, &Surroundings { shapes: &shapes, thinned })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(form: Form, points: usize) -> Shape {
        Shape {
            name: "scene/thing".into(),
            form,
            frame: "base_link".into(),
            position: [0.0; 3],
            turn: [0.0, 0.0, 0.0, 1.0],
            size: [1.0; 3],
            color: [0.5; 4],
            points: (0..points).map(|n| [n as f32; 3]).collect(),
        }
    }

    fn told(shapes: Vec<Shape>) -> serde_json::Value {
        serde_json::from_str(&surroundings(shapes).json).unwrap()
    }

    #[test]
    fn a_million_points_are_thinned_and_triangles_stay_whole() {
        let (mesh, cloud) = (shape(Form::Triangles, 300_000), shape(Form::Balls, 1_000_000));
        let told = told(vec![mesh, cloud, shape(Form::Line, 101)]);
        assert_eq!(told["thinned"], true);
        let lists = told["shapes"].as_array().unwrap();
        let points: Vec<_> = lists.iter().map(|s| s["points"].as_array().unwrap()).collect();
        let count = points[0].len() + points[1].len();
        assert!((MOST / 2..=MOST).contains(&count), "{count}");
        assert_eq!(points[2].len(), 101);
        let first: Vec<_> = points[0].iter().map(|p| p[0].as_f64().unwrap()).collect();
        assert!(first.chunks(3).all(|t| t[0] % 3.0 == 0.0 && t[1] == t[0] + 1.0), "torn");
    }

    #[test]
    fn a_small_scene_is_told_as_it_is() {
        let told = told(vec![shape(Form::Box, 0), shape(Form::Line, 100)]);
        assert_eq!((&told["k"], &told["thinned"]), (&"surroundings".into(), &false.into()));
        assert_eq!(told["shapes"][0]["form"], "box");
        assert_eq!(told["shapes"][1]["points"].as_array().unwrap().len(), 100);
    }
}
