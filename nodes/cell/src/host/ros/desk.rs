//! The services of the cell.

use crate::io::{Command, Reply};
use node::services::Requests;
use node::{Shell, StartError};
use r2r::ServiceRequest;
use r2r::armature_msgs::srv::LoadJob;
use r2r::std_srvs::srv::Trigger;
use vocabulary::topics::cell_service as name;

/// Largest file that is read as a job, bytes.
const LARGEST: u64 = 1 << 20;

/// Who waits for an answer.
enum Asker {
    Trigger(ServiceRequest<Trigger::Service>),
    Load(ServiceRequest<LoadJob::Service>),
}

/// All services.
pub struct Desk {
    start: Requests<Trigger::Service>,
    pause: Requests<Trigger::Service>,
    resume: Requests<Trigger::Service>,
    step: Requests<Trigger::Service>,
    abort: Requests<Trigger::Service>,
    load: Requests<LoadJob::Service>,
    waiting: Vec<(u64, Asker)>,
    asked: u64,
}

impl Desk {
    /// Creates the servers.
    pub fn create(shell: &mut Shell) -> Result<Self, StartError> {
        Ok(Self {
            start: shell.service(name::START)?,
            pause: shell.service(name::PAUSE)?,
            resume: shell.service(name::RESUME)?,
            step: shell.service(name::STEP)?,
            abort: shell.service(name::ABORT)?,
            load: shell.service(name::LOAD)?,
            waiting: Vec::new(),
            asked: 0,
        })
    }

    /// What people want.
    pub fn commands(&mut self) -> Vec<(u64, Command)> {
        let mut all = Vec::new();
        while let Some(request) = self.load.take() {
            match text(&request.message) {
                Ok(text) => {
                    let check = request.message.check;
                    let command = if check { Command::Check(text) } else { Command::Load(text) };
                    self.asked += 1;
                    self.waiting.push((self.asked, Asker::Load(request)));
                    all.push((self.asked, command));
                }
                Err(message) => {
                    let _client_gone =
                        request.respond(LoadJob::Response { success: false, message, line: 0 });
                }
            }
        }
        let triggers = [
            (Command::Start, &mut self.start),
            (Command::Pause, &mut self.pause),
            (Command::Resume, &mut self.resume),
            (Command::Step, &mut self.step),
            (Command::Abort, &mut self.abort),
        ];
        for (command, requests) in triggers {
            while let Some(request) = requests.take() {
                self.asked += 1;
                self.waiting.push((self.asked, Asker::Trigger(request)));
                all.push((self.asked, command.clone()));
            }
        }
        all
    }

    /// Answers them.
    pub fn answer(&mut self, replies: &[(u64, Reply)]) {
        for (asker, reply) in replies {
            let Some(at) = self.waiting.iter().position(|(number, _)| number == asker) else {
                continue;
            };
            let Reply { success, message, line } = reply.clone();
            let _client_gone = match self.waiting.swap_remove(at).1 {
                Asker::Trigger(request) => request.respond(Trigger::Response { success, message }),
                Asker::Load(request) => {
                    request.respond(LoadJob::Response { success, message, line })
                }
            };
        }
    }

    /// While the node is not active.
    pub fn turn_away(&mut self) {
        let asked = self.commands();
        let reply = Reply {
            success: false,
            message: "the cell is not active: activate it first".to_owned(),
            line: 0,
        };
        let all: Vec<_> = asked.into_iter().map(|(number, _)| (number, reply.clone())).collect();
        self.answer(&all);
    }
}

/// The text of the job that somebody gives.
fn text(asked: &LoadJob::Request) -> Result<String, String> {
    if asked.file.is_empty() {
        return Ok(asked.text.clone());
    }
    let told = |error: std::io::Error| format!("{}: {error}", asked.file);
    let length = std::fs::metadata(&asked.file).map_err(told)?.len();
    if length > LARGEST {
        return Err(format!("{}: {length} bytes are no job", asked.file));
    }
    std::fs::read_to_string(&asked.file).map_err(told)
}
