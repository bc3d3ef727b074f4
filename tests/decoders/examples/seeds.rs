//! Writes the valid inputs of every decoder into `FOLDER/<decoder>/`, to begin a search with.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = env::args().nth(1).map(PathBuf::from);
    let folder = folder.ok_or_else(|| io::Error::other("usage: seeds FOLDER"))?;
    for decoder in decoders::ALL {
        let folder = folder.join(decoder.name);
        fs::create_dir_all(&folder)?;
        for (index, seed) in (decoder.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed_{index}")), seed)?;
        }
    }
    Ok(())
}
