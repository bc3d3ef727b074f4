//! `cargo xtask doctor`: what is there, what is missing, what to do about it.
//! Changes nothing.

use std::path::Path;

use crate::prepare::python::Interpreter;
use crate::prepare::{self, system};
use crate::{build, env, paths};

/// Prints one line per thing this project needs; true when nothing is missing.
pub fn doctor() -> bool {
    let checks = checks();
    for check in &checks {
        let mark = if check.ok { "ok     " } else { "missing" };
        println!("{mark}  {:<22} {}", check.name, check.detail);
    }
    let missing = system::missing();
    if !missing.is_empty() {
        let sudo = if system::is_root() { "" } else { "sudo " };
        println!("\nTo do: {sudo}{}", system::install_line(&missing));
    } else if checks.iter().any(|check| !check.ok) {
        println!("\nTo do: cargo xtask build");
    }
    checks.iter().all(|check| check.ok)
}

struct Check {
    name: String,
    ok: bool,
    detail: String,
}

fn checks() -> Vec<Check> {
    let mut checks: Vec<Check> = system::NEEDS
        .iter()
        .map(|need| Check {
            name: need.package.to_owned(),
            ok: (need.present)(),
            detail: format!("for {}", need.purpose),
        })
        .collect();
    checks.push(python());
    checks.push(ros());
    checks.push(messages());
    checks.extend(build::nodes().map(node));
    checks.push(can());
    checks.push(receive_buffers());
    checks
}

fn python() -> Check {
    let found = Interpreter::find();
    let detail = match &found {
        Ok(python) => format!("{} ({})", python.program.display(), python.folder()),
        Err(error) => error.to_string(),
    };
    Check { name: "interpreter".into(), ok: found.is_ok(), detail }
}

fn ros() -> Check {
    let name = "ROS 2 Jazzy".into();
    if env::sourced_prefixes().is_some() {
        return Check { name, ok: true, detail: "the sourced one".into() };
    }
    match prepare::locate() {
        Ok(prefix) => {
            let detail = format!("prepared in {}", prefix.root.display());
            Check { name, ok: prefix.is_complete(), detail }
        }
        Err(error) => Check { name, ok: false, detail: error.to_string() },
    }
}

fn messages() -> Check {
    let stamp = paths::install().join("share/armature_msgs/built-from");
    let detail = paths::install().display().to_string();
    Check { name: "armature_msgs".into(), ok: stamp.is_file(), detail }
}

fn node(name: &str) -> Check {
    let file = paths::install().join("lib/armature_nodes").join(name);
    Check { name: format!("node {name}"), ok: file.is_file(), detail: String::new() }
}

/// Largest receive buffer from which discovery of a whole arm loses nothing, bytes.
const ROOMY: u64 = 4_194_304;

/// A small limit is no fault: who joins the arm is then heard a few seconds later now and then.
fn receive_buffers() -> Check {
    let setting = Path::new("/proc/sys/net/core/rmem_max");
    let limit = std::fs::read_to_string(setting).ok().and_then(|text| text.trim().parse().ok());
    Check { name: "receive buffers".into(), ok: true, detail: receive_advice(limit) }
}

fn receive_advice(limit: Option<u64>) -> String {
    match limit {
        Some(limit) if limit < ROOMY => format!(
            "net.core.rmem_max is {limit}: discovery may lose messages while the arm starts; \
             sudo sysctl -w net.core.rmem_max={ROOMY}"
        ),
        Some(limit) => format!("net.core.rmem_max is {limit}"),
        None => "net.core.rmem_max cannot be read".to_owned(),
    }
}

/// No CAN interface is no fault: the simulated drives need none.
fn can() -> Check {
    let present = Path::new("/sys/class/net/can0").exists();
    let detail = match present {
        true => "can0 is there: hardware:=can can be used",
        false => "no can0: the simulated drives are used (hardware:=sim)",
    };
    Check { name: "CAN interface".into(), ok: true, detail: detail.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_limit_of_receive_buffers_is_told_with_what_to_do() {
        let advice = receive_advice(Some(212_992));
        assert!(advice.contains("sysctl -w net.core.rmem_max=4194304"), "{advice}");
        assert_eq!(receive_advice(Some(ROOMY)), "net.core.rmem_max is 4194304");
    }
}
