//! Spheres around boxes, cylinders and capsules: the shape is cut into equal cells, and each cell gets
//! the ball through its corners or rim.

use nalgebra::Vector3;

use super::{Fineness, Sphere};

/// A box's excess may be this share of its smallest half extent: balls fit boxes badly, and a cube in
/// one ball has a share of 0.73.
const BOX_SHARE: f64 = 0.8;

/// A grid of equal cells, each in the ball through its corners: the fewest cells whose excess is small
/// enough, or else the smallest excess with the spheres allowed.
pub(super) fn cuboid(half: Vector3<f64>, fine: Fineness) -> Vec<Sphere> {
    let enough = fine.excess.max(BOX_SHARE * half.min());
    let mut best = (usize::MAX, f64::INFINITY, [1, 1, 1]);
    for x in 1..=fine.most {
        for y in 1..=fine.most / x {
            for z in 1..=fine.most / (x * y) {
                let cell = half.component_div(&Vector3::new(x as f64, y as f64, z as f64));
                let excess = (cell.norm() - cell.min()).max(enough);
                if (excess, x * y * z) < (best.1, best.0) {
                    best = (x * y * z, excess, [x, y, z]);
                }
            }
        }
    }
    grid(half, best.2)
}

fn grid(half: Vector3<f64>, [x, y, z]: [usize; 3]) -> Vec<Sphere> {
    let cell = half.component_div(&Vector3::new(x as f64, y as f64, z as f64));
    let middle = |i: usize, cell: f64, half: f64| (2 * i + 1) as f64 * cell - half;
    let mut spheres = Vec::with_capacity(x * y * z);
    for i in 0..x {
        for j in 0..y {
            for k in 0..z {
                let center = Vector3::new(
                    middle(i, cell.x, half.x),
                    middle(j, cell.y, half.y),
                    middle(k, cell.z, half.z),
                );
                spheres.push(Sphere::new(center, cell.norm()));
            }
        }
    }
    spheres
}

/// A stack of discs, each in the ball through its two rims. The excess is that of the mantle; at the
/// flat ends it is more.
pub(super) fn cylinder(radius: f64, length: f64, fine: Fineness) -> Vec<Sphere> {
    let count = slices(radius, length, fine, fine.most);
    let half = length / 2.0 / count as f64;
    let ball = radius.hypot(half);
    let middle = |i: usize| (2 * i + 1) as f64 * half - length / 2.0;
    (0..count).map(|i| Sphere::new(Vector3::z() * middle(i), ball)).collect()
}

/// Balls along the axis from end to end, wide enough to cover half the way to the next.
pub(super) fn capsule(radius: f64, length: f64, fine: Fineness) -> Vec<Sphere> {
    if length == 0.0 || fine.most < 2 {
        return vec![Sphere::new(Vector3::zeros(), radius + length / 2.0)];
    }
    let gaps = slices(radius, length, fine, fine.most - 1);
    let gap = length / gaps as f64;
    let ball = radius.hypot(gap / 2.0);
    (0..=gaps).map(|i| Sphere::new(Vector3::z() * (i as f64 * gap - length / 2.0), ball)).collect()
}

/// In how many equal slices to cut so that the ball through the rims of a slice stands out enough
/// little.
fn slices(radius: f64, length: f64, fine: Fineness, most: usize) -> usize {
    let half = ((radius + fine.excess).powi(2) - radius * radius).sqrt();
    ((length / 2.0 / half).ceil() as usize).clamp(1, most)
}
