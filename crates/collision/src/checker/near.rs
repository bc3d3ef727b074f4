//! Everything that comes near to the arm, for whoever slows down before it touches.

use super::{Checker, Nearness, gap};
use crate::Sphere;
use crate::field::single;

impl Checker {
    /// All pairs of things nearer to each other than `within` [m], nearest first; padding is
    /// subtracted. The time goes with what is near, not with the number of obstacles.
    #[must_use]
    pub fn near(&self, positions: &[f64], within: f64) -> Vec<Nearness> {
        let placed = self.placed(positions);
        let mut found = Vec::new();
        for (i, (part, spheres)) in self.parts.iter().zip(&placed).enumerate() {
            let mut offer = |second: &str, distance: f64| {
                let (first, second) = (part.name.clone(), second.to_owned());
                found.push(Nearness { first, second, distance });
            };
            if part.body > 0 {
                let distances = self.near_objects(spheres, part.padding, within);
                for (object, distance) in self.objects.iter().zip(distances) {
                    if distance < within {
                        offer(object, distance);
                    }
                }
            }
            for (j, (other, others)) in self.parts.iter().zip(&placed).enumerate().skip(i + 1) {
                let distance = if self.may_touch(i, j) { within } else { gap(spheres, others) };
                if distance < within {
                    offer(&other.name, distance);
                }
            }
        }
        found.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        found
    }

    /// The distance of each object from a part, when it is less than `within`; else infinity [m].
    fn near_objects(&self, spheres: &[Sphere], padding: f64, within: f64) -> Vec<f64> {
        let mut nearest = vec![f64::INFINITY; self.objects.len()];
        for sphere in spheres {
            let own = sphere.radius + padding;
            let center = single(&sphere.middle());
            self.field.each_near(center, (within + own) as f32, |index, distance| {
                let owner = self.owners.get(index).map(|owner| *owner as usize);
                if let Some(nearest) = owner.and_then(|owner| nearest.get_mut(owner)) {
                    *nearest = nearest.min(f64::from(distance) - own);
                }
            });
        }
        nearest
    }
}

#[cfg(test)]
mod tests {
    use crate::{Checker, Options, Robot, Scene, Shape, pose};
    use proptest::prelude::*;

    const URDF: &str = include_str!("../../../../config/description/armature.urdf");
    const SRDF: &str = include_str!("../../../../config/description/armature.srdf");

    fn checker() -> Checker {
        let robot = Robot::new(URDF, Some(SRDF), &Options::default()).unwrap();
        let mut scene = Scene::new();
        scene.pad("link_6", 0.01).unwrap();
        let objects = [
            ("ball", Shape::sphere("ball", 0.1).unwrap(), [0.5, 0.3, 0.4]),
            ("box", Shape::cuboid("box", [0.1, 0.2, 0.3]).unwrap(), [-0.5, 0.1, 0.3]),
        ];
        for (name, shape, at) in objects {
            scene.add(name, pose(name, at, [0.0, 0.0, 0.0, 1.0]).unwrap(), shape).unwrap();
        }
        Checker::new(&robot, &scene).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_first_is_the_nearest_and_none_is_farther_than_asked(
            at in prop::array::uniform6(-1.5..1.5), within in 0.01..0.5,
        ) {
            let checker = checker();
            let nearest = checker.nearest(&at).unwrap();
            let near = checker.near(&at, within);
            prop_assert!(near.iter().all(|n| n.distance < within));
            prop_assert!(near.is_sorted_by(|a, b| a.distance <= b.distance));
            match near.first() {
                Some(first) => prop_assert!((first.distance - nearest.distance).abs() < 1e-5),
                None => prop_assert!(nearest.distance > within - 1e-5, "{nearest}"),
            }
            let all = checker.near(&at, 10.0);
            for object in ["ball", "box"] {
                prop_assert!(all.iter().any(|n| n.first == "link_6" && n.second == object));
            }
        }
    }
}
