//! Which pairs of links touch wherever the arm is: they have to be allowed, or it could never move.

use super::Robot;

/// Configurations looked at.
const SAMPLES: usize = 400;
/// One per joint.
const PRIMES: [f64; crate::MAX_JOINTS] =
    [2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0];

impl Robot {
    /// Finds the pairs whose spheres touch in every sampled configuration, and allows them or warns of
    /// them.
    pub(super) fn sample_pairs(&mut self, allow: bool) {
        for (a, b) in self.always_touching() {
            let name = |i: usize| self.links.get(i).map_or("", |l| l.name.as_str());
            if allow {
                self.set_allowed(a, b);
            } else {
                let (first, second) = (name(a), name(b));
                let said = format!(
                    "'{first}' and '{second}' touch in every configuration: allow the pair"
                );
                self.warnings.push(said);
            }
        }
    }

    fn always_touching(&self) -> Vec<(usize, usize)> {
        let count = self.links.len();
        let mut pairs: Vec<(usize, usize)> = (0..count)
            .flat_map(|a| (a + 1..count).map(move |b| (a, b)))
            .filter(|&(a, b)| !self.is_allowed(a, b))
            .collect();
        for index in 0..SAMPLES {
            let poses = self.link_poses(&self.sample(index));
            pairs.retain(|&(a, b)| self.spheres_touch(a, b, &poses));
        }
        pairs
    }

    /// A configuration of an additive sequence that fills the space evenly: multiples of square roots
    /// of primes (R. Richtmyer 1951).
    fn sample(&self, index: usize) -> Vec<f64> {
        let one = |(joint, prime): (&super::Joint, &f64)| {
            let share = ((index as f64 + 1.0) * prime.sqrt()).fract();
            joint.lower + share * (joint.upper - joint.lower)
        };
        self.joints.iter().zip(&PRIMES).map(one).collect()
    }

    fn spheres_touch(&self, a: usize, b: usize, poses: &[crate::Pose]) -> bool {
        let spheres = |i: usize| {
            let link = self.links.get(i).zip(poses.get(i));
            link.map_or(Vec::new(), |(l, pose)| l.spheres.iter().map(|s| s.at(pose)).collect())
        };
        let second = spheres(b);
        spheres(a)
            .iter()
            .any(|s| second.iter().any(|t| (s.middle() - t.middle()).norm() < s.radius + t.radius))
    }
}
