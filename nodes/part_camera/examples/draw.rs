//! Writes parts as pictures (PGM) and what is wrong with them: `draw FOLDER COUNT [SEED]`.

use part_camera::{HEIGHT, Part, WIDTH, draw};
use std::fs;
use std::io::{Error, Result};
use std::path::PathBuf;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(folder), Some(count)) = (words.next(), words.next()) else {
        return Err(Error::other("usage: draw FOLDER COUNT [SEED]"));
    };
    let count: usize = count.parse().map_err(Error::other)?;
    let seed: u64 = words.next().map_or(Ok(1), |text| text.parse().map_err(Error::other))?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    let mut truth = String::new();
    for number in 0..count {
        let name = format!("part_{number:05}");
        let part = Part::of(&name, seed, 0.5);
        let mut file = format!("P5 {WIDTH} {HEIGHT} 255\n").into_bytes();
        file.extend(draw(&part, 0));
        fs::write(folder.join(format!("{name}.pgm")), file)?;
        let kinds: Vec<&str> = part.defects.iter().map(|defect| defect.kind()).collect();
        truth.push_str(&format!("{name} {}\n", kinds.join(",")));
    }
    fs::write(folder.join("truth.txt"), truth)
}
