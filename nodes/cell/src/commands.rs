//! What people can tell the cell.

use crate::cell::Cell;
use crate::io::{Command, Outputs, Reply};
use crate::job::Job;
use crate::state::Phase;
use vocabulary::health::Level;
use vocabulary::time::Now;

fn yes(message: impl Into<String>) -> Reply {
    Reply { success: true, message: message.into(), line: 0 }
}

fn no(message: impl Into<String>) -> Reply {
    Reply { success: false, message: message.into(), line: 0 }
}

impl Cell {
    /// Does what somebody wants, or says why not.
    pub(crate) fn command(&mut self, now: Now, command: Command, out: &mut Outputs) -> Reply {
        let reply = match &command {
            Command::Check(text) => return check(text),
            Command::Load(text) => self.load_command(text),
            Command::Start => self.start_command(),
            Command::Pause => self.pause_command(),
            Command::Resume | Command::Step => self.resume_command(command == Command::Step),
            Command::Abort => self.abort_command(out),
        };
        if reply.success {
            self.event(now, Level::Info, "", reply.message.clone(), out);
        }
        reply
    }

    fn load_command(&mut self, text: &str) -> Reply {
        if self.state.phase.is_open() {
            return no(format!("the job {} is under way: abort it first", self.job_name()));
        }
        match self.load(text) {
            Ok(()) => yes(format!("the job {} is loaded", self.job_name())),
            Err(error) => Reply { line: error.line, ..no(error.to_string()) },
        }
    }

    fn start_command(&mut self) -> Reply {
        match self.state.phase {
            Phase::NoJob => no("there is no job: cell/load"),
            Phase::Running | Phase::Pausing => no("the job runs already"),
            Phase::Paused => no("the job is paused: cell/resume goes on, cell/abort gives it up"),
            Phase::Loaded | Phase::Done | Phase::Aborted => {
                self.start();
                yes(format!("run {} of the job {} begins", self.state.run, self.job_name()))
            }
        }
    }

    fn pause_command(&mut self) -> Reply {
        match self.state.phase {
            Phase::Running => {
                self.state.phase = Phase::Pausing;
                self.changed();
                yes("pauses after the step under way")
            }
            Phase::Pausing => yes("it pauses already"),
            Phase::Paused => yes("it is paused already"),
            _ => no("no job runs"),
        }
    }

    fn resume_command(&mut self, single: bool) -> Reply {
        match (self.state.phase, single) {
            (Phase::Loaded, true) => {
                self.start();
                self.state.single = true;
                yes("does the first step")
            }
            (Phase::Paused | Phase::Pausing, _) => {
                self.state.phase = Phase::Running;
                self.state.reason.clear();
                self.state.single = single;
                self.changed();
                yes(if single { "does one step" } else { "goes on" })
            }
            (Phase::Running, _) => no("the job runs already"),
            _ => no("no job is paused"),
        }
    }

    fn abort_command(&mut self, out: &mut Outputs) -> Reply {
        if !self.state.phase.is_open() {
            return no("no job is under way");
        }
        self.withdraw(out);
        self.doing = None;
        self.state.phase = Phase::Aborted;
        (self.state.begun, self.state.open, self.state.part) = (false, None, None);
        "somebody said abort".clone_into(&mut self.state.reason);
        self.changed();
        yes(format!("the job {} is given up", self.job_name()))
    }
}

fn check(text: &str) -> Reply {
    match Job::read(text) {
        Ok(job) => yes(format!("{} is right, {} instructions", job.name, job.program.len())),
        Err(error) => Reply { line: error.line, ..no(error.to_string()) },
    }
}
