//! A part as a picture: brightness of each pixel, four looks per pixel, then the noise of the sensor.

use crate::part::{CORNER, Defect, HALF, HOLE_RADIUS, HOLES, Light, Part};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Columns.
pub const WIDTH: usize = 480;
/// Rows.
pub const HEIGHT: usize = 360;
/// Where a pixel is looked at.
const LOOKS: [[f64; 2]; 4] = [[-0.25, -0.25], [0.25, -0.25], [-0.25, 0.25], [0.25, 0.25]];

/// Brightness row by row, one byte per pixel.
pub type Image = Vec<u8>;

/// Draws a part on the belt; `shot` tells one picture of it from the next, which has other noise.
#[must_use]
pub fn draw(part: &Part, shot: u64) -> Image {
    let scene = Scene::of(part);
    let clean = |x, y| scene.brightness(x, y);
    expose(&part.light, part.grain ^ shot, clean)
}

/// The belt without a part.
#[must_use]
pub fn draw_belt(shot: u64) -> Image {
    let light = Light { metal: 0.0, belt: 40.0, slope: [5.0, -5.0], noise: 3.0 };
    expose(&light, shot, |x, y| belt(&light, x, y))
}

/// Takes the picture: pixel by pixel, from the middle outwards in coordinates.
fn expose(light: &Light, seed: u64, brightness: impl Fn(f64, f64) -> f64) -> Image {
    let mut dice = ChaCha8Rng::seed_from_u64(seed);
    let mut image = Vec::with_capacity(WIDTH * HEIGHT);
    for row in 0..HEIGHT {
        for column in 0..WIDTH {
            let x = column as f64 + 0.5 - WIDTH as f64 / 2.0;
            let y = row as f64 + 0.5 - HEIGHT as f64 / 2.0;
            let seen: f64 = LOOKS.iter().map(|[dx, dy]| brightness(x + dx, y + dy)).sum();
            let value = seen / LOOKS.len() as f64 + light.noise * gauss(dice.next_u64());
            image.push(value.round().clamp(0.0, 255.0) as u8);
        }
    }
    image
}

/// About normal, standard deviation 1: four uniform numbers out of one word.
fn gauss(word: u64) -> f64 {
    let sum: u64 = (0..4).map(|part| (word >> (16 * part)) & 0xffff).sum();
    (sum as f64 / 65_535.0 - 2.0) * 3.0_f64.sqrt()
}

/// Ribs across the belt.
fn belt(light: &Light, x: f64, y: f64) -> f64 {
    light.belt + 4.0 * (x * 0.35).sin() + shade(light, x, y) * 0.4
}

fn shade(light: &Light, x: f64, y: f64) -> f64 {
    let [right, down] = light.slope;
    right * x / (WIDTH as f64 / 2.0) + down * y / (HEIGHT as f64 / 2.0)
}

/// A part with everything computed that all pixels need.
struct Scene<'a> {
    part: &'a Part,
    holes: Vec<[f64; 2]>,
    turn: (f64, f64),
    waves: [[f64; 2]; 3],
}

impl<'a> Scene<'a> {
    fn of(part: &'a Part) -> Self {
        let mut holes: Vec<Option<[f64; 2]>> = HOLES.iter().copied().map(Some).collect();
        for defect in &part.defects {
            match *defect {
                Defect::MissingHole(hole) => {
                    if let Some(slot) = holes.get_mut(hole) {
                        *slot = None;
                    }
                }
                Defect::ShiftedHole { hole, by } => {
                    if let Some(Some([x, y])) = holes.get_mut(hole) {
                        (*x, *y) = (*x + by[0], *y + by[1]);
                    }
                }
                Defect::Scratch { .. } | Defect::Stain { .. } | Defect::Chip { .. } => {}
            }
        }
        let phase = |shift: u32| f64::from((part.grain >> shift) as u16) / 1e4;
        Self {
            part,
            holes: holes.into_iter().flatten().collect(),
            turn: part.turn.sin_cos(),
            waves: [[0.9, phase(0)], [2.3, phase(16)], [0.23, phase(32)]],
        }
    }

    fn brightness(&self, x: f64, y: f64) -> f64 {
        let light = &self.part.light;
        let place = self.on_part(x, y);
        if !self.is_metal(place) {
            return belt(light, x, y);
        }
        light.metal + shade(light, x, y) + self.texture(place) + self.marks(place)
    }

    /// From the picture into the frame of the part.
    fn on_part(&self, x: f64, y: f64) -> [f64; 2] {
        let (sine, cosine) = self.turn;
        let [right, down] = self.part.middle;
        let (x, y) = (x - right, y - down);
        [cosine * x + sine * y, cosine * y - sine * x]
    }

    fn is_metal(&self, [x, y]: [f64; 2]) -> bool {
        let (outside_x, outside_y) = (x.abs() - HALF[0] + CORNER, y.abs() - HALF[1] + CORNER);
        let outside = outside_x.max(0.0).hypot(outside_y.max(0.0));
        let hole = |[a, b]: &[f64; 2]| (x - a).hypot(y - b) < HOLE_RADIUS;
        let chip = |defect: &Defect| match defect {
            Defect::Chip { middle: [a, b], radius } => (x - a).hypot(y - b) < *radius,
            _ => false,
        };
        outside <= CORNER && !self.holes.iter().any(hole) && !self.part.defects.iter().any(chip)
    }

    /// Brushed along its length: brightness depends on y, and a little on x.
    fn texture(&self, [x, y]: [f64; 2]) -> f64 {
        self.waves.iter().map(|[rate, phase]| (y * rate + phase + 0.004 * x).sin()).sum()
    }

    fn marks(&self, place: [f64; 2]) -> f64 {
        self.part.defects.iter().map(|defect| mark(defect, place)).sum()
    }
}

/// What a defect adds to the brightness at a place; its edges are soft.
fn mark(defect: &Defect, [x, y]: [f64; 2]) -> f64 {
    match *defect {
        Defect::Scratch { from, to, width, contrast } => {
            contrast * soft(width / 2.0 - distance([x, y], from, to), 0.7)
        }
        Defect::Stain { middle: [a, b], radius, contrast } => {
            contrast * soft(radius - (x - a).hypot(y - b), 2.5)
        }
        Defect::Chip { .. } | Defect::MissingHole(_) | Defect::ShiftedHole { .. } => 0.0,
    }
}

/// From 0 to 1 while `inside` goes from -`edge` to `edge`.
fn soft(inside: f64, edge: f64) -> f64 {
    ((inside / edge + 1.0) / 2.0).clamp(0.0, 1.0)
}

fn distance([x, y]: [f64; 2], [ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 { ((x - ax) * dx + (y - ay) * dy) / squared } else { 0.0 };
    let along = along.clamp(0.0, 1.0);
    (x - ax - along * dx).hypot(y - ay - along * dy)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(image: &Image) -> f64 {
        image.iter().map(|it| f64::from(*it)).sum::<f64>() / image.len() as f64
    }

    #[test]
    fn a_part_is_brighter_than_the_belt_and_lies_within_the_picture() {
        for number in 0..50 {
            let part = Part::of(&format!("p{number}"), 1, 0.5);
            let image = draw(&part, 0);
            assert_eq!(image.len(), WIDTH * HEIGHT);
            let bright = image.iter().filter(|it| **it > 90).count() as f64;
            let area = 4.0 * HALF[0] * HALF[1];
            assert!((0.85..1.0).contains(&(bright / area)), "{bright} of {area}");
            let border = image.iter().enumerate().filter(|(at, _)| {
                let (row, column) = (at / WIDTH, at % WIDTH);
                row == 0 || column == 0 || row == HEIGHT - 1 || column == WIDTH - 1
            });
            assert!(border.into_iter().all(|(_, it)| *it < 90));
        }
    }

    #[test]
    fn a_defect_changes_the_picture_where_it_is_and_a_second_shot_has_other_noise() {
        let bad = (0..)
            .map(|n| Part::of(&format!("p{n}"), 1, 1.0))
            .find(|part| matches!(part.defects[..], [Defect::Stain { .. }]));
        let bad = bad.unwrap();
        let good = Part { defects: Vec::new(), ..bad.clone() };
        let (with, without) = (draw(&bad, 3), draw(&good, 3));
        let different = with.iter().zip(&without).filter(|(a, b)| a.abs_diff(**b) > 10).count();
        assert!((50..1_000).contains(&different), "{different}");
        assert_ne!(draw(&good, 3), draw(&good, 4));
    }

    #[test]
    fn the_noise_is_as_strong_as_it_shall_be() {
        let image = draw_belt(5);
        let (even, mean) = (draw_belt(6), mean(&image));
        assert!((mean - 40.0).abs() < 2.0, "{mean}");
        let differences =
            image.iter().zip(&even).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
        let sigma = (differences.sum::<f64>() / image.len() as f64 / 2.0).sqrt();
        assert!((sigma - 3.0).abs() < 0.15, "{sigma}");
    }
}
