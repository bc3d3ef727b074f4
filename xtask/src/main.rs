//! xtask
use xtask as _;
fn main() -> anyhow::Result<()> {
    let ros = xtask::env::RosEnv::ensure()?;
    for (name, value) in ros.variables() {
        println!("export {name}='{}'", value.to_string_lossy());
    }
    Ok(())
}
