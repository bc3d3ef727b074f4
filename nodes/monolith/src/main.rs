//! The process of several nodes.

use monolith::{HELP, Request, Wanted, process_name, read, usual_config};
use node::company::{self, Member};
use std::process::ExitCode;

/// All programs: the name of the executable, and the node that it runs.
const PROGRAMS: [(&str, Program); 13] = [
    ("can_hub", program(can_hub::host::NAME, can_hub::host::run)),
    ("cell", program(cell::host::NAME, cell::host::run)),
    ("control", program(control::host::NAME, control::host::run)),
    ("dashboard", program(dashboard::host::NAME, dashboard::host::run)),
    ("joint_driver", program(joint_driver::host::NAME, joint_driver::host::run)),
    ("joint_state", program(joint_state::host::NAME, joint_state::host::run)),
    ("motion", program(motion::host::NAME, motion::host::run)),
    ("part_camera", program(part_camera::host::NAME, part_camera::host::run)),
    ("planning", program(planning::host::NAME, planning::host::run)),
    ("recorder", program(recorder::host::NAME, recorder::host::run).listening()),
    ("servo_sim", program(servo_sim::host::NAME, servo_sim::host::run)),
    ("supervisor", program(supervisor::host::NAME, supervisor::host::run)),
    ("thermal", program(thermal::host::NAME, thermal::host::run)),
];

type Run = fn(node::Shell) -> anyhow::Result<()>;

/// What an executable of one node runs.
#[derive(Clone, Copy)]
struct Program {
    name: &'static str,
    run: Run,
    listens: bool,
}

const fn program(name: &'static str, run: Run) -> Program {
    Program { name, run, listens: false }
}

impl Program {
    /// Must not miss anything of what is sent.
    const fn listening(self) -> Self {
        Self { listens: true, ..self }
    }
}

fn member(wanted: Wanted) -> Option<Member> {
    let (_, program) = PROGRAMS.into_iter().find(|(name, _)| *name == wanted.program)?;
    let Program { name, run, listens } = program;
    Some(Member { name, run, listens, arguments: wanted.arguments })
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let prefixes = std::env::var_os("AMENT_PREFIX_PATH").unwrap_or_default();
    let known = PROGRAMS.map(|(name, _)| name);
    match read(&words, &known, usual_config(std::env::split_paths(&prefixes))) {
        Err(error) => {
            eprintln!("monolith: {error}");
            ExitCode::from(2)
        }
        Ok(Request::Help) => {
            println!("{HELP}{}", known.join(", "));
            ExitCode::SUCCESS
        }
        Ok(Request::Run(wanted)) => {
            let name = process_name(&wanted);
            company::main(&name, wanted.into_iter().filter_map(member).collect())
        }
    }
}
