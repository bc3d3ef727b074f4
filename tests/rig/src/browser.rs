//! A real browser that looks at a page, steered line by line through `tests/browser/page.mjs`.
//!
//! The one rule: what is claimed of the page is asked of the page, not of the server.

use crate::process::Process;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// No command takes longer.
const LIMIT: Duration = Duration::from_secs(90);

/// The browser.
pub struct Browser {
    commands: ChildStdin,
    answers: Receiver<String>,
    _process: Process,
}

/// A page, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page(u64);

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// A phone.
    pub touch: bool,
}

impl Screen {
    /// A desk.
    pub const DESK: Self = Self { width: 1440, height: 900, touch: false };
    /// A phone.
    pub const PHONE: Self = Self { width: 390, height: 844, touch: true };
}

impl Browser {
    /// Starts it; `cargo xtask` says by the environment where it is.
    ///
    /// # Errors
    /// When it is not there.
    pub fn start() -> Result<Self> {
        let node = std::env::var_os("ARMATURE_NODE").context("run this through cargo xtask")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../browser/page.mjs");
        let mut command = Command::new(node);
        command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start("the browser", &mut command)?;
        let commands = process.take_stdin().context("the browser takes no commands")?;
        let lines = BufReader::new(process.take_stdout().context("the browser is mute")?).lines();
        let (send, answers) = channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        Ok(Self { commands, answers, _process: process })
    }

    fn ask(&mut self, command: &Value) -> Result<Value> {
        writeln!(self.commands, "{command}").context("the browser is gone")?;
        let line = self.answers.recv_timeout(LIMIT);
        let line = line.with_context(|| format!("the browser does not answer {command}"))?;
        let mut answer: Value = serde_json::from_str(&line)?;
        match answer.get("error") {
            Some(error) => bail!("{error} at {command}"),
            None => Ok(answer.get_mut("ok").map(Value::take).unwrap_or_default()),
        }
    }

    /// Opens a page in a context of its own.
    ///
    /// # Errors
    /// When nobody serves it.
    pub fn open(&mut self, url: &str, screen: Screen) -> Result<Page> {
        let Screen { width, height, touch } = screen;
        let command =
            json!({"do": "open", "url": url, "width": width, "height": height, "touch": touch});
        Ok(Page(self.ask(&command)?.as_u64().context("no page")?))
    }

    /// Runs the body of a function in the page; what it returned.
    ///
    /// # Errors
    /// What it threw.
    pub fn run(&mut self, page: Page, script: &str) -> Result<Value> {
        self.ask(&json!({"do": "run", "page": page.0, "script": script}))
    }

    /// Runs it again and again until it returns something true.
    ///
    /// # Errors
    /// After `limit`, naming the script.
    pub fn wait(&mut self, page: Page, script: &str, limit: Duration) -> Result<Value> {
        let limit = u64::try_from(limit.as_millis())?;
        self.ask(&json!({"do": "wait", "page": page.0, "script": script, "limit": limit}))
    }

    /// Presses something, as a person would.
    ///
    /// # Errors
    /// When it cannot be seen or reached.
    pub fn click(&mut self, page: Page, selector: &str) -> Result<()> {
        self.ask(&json!({"do": "click", "page": page.0, "selector": selector})).map(drop)
    }

    /// Types a text into a field.
    ///
    /// # Errors
    /// When it is not there.
    pub fn fill(&mut self, page: Page, selector: &str, text: &str) -> Result<()> {
        let command = json!({"do": "type", "page": page.0, "selector": selector, "text": text});
        self.ask(&command).map(drop)
    }

    /// Takes a picture.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn shot(&mut self, page: Page, path: &Path, full: bool) -> Result<()> {
        self.ask(&json!({"do": "shot", "page": page.0, "path": path, "full": full})).map(drop)
    }

    /// Light or dark.
    ///
    /// # Errors
    /// When the page is gone.
    pub fn scheme(&mut self, page: Page, scheme: &str) -> Result<()> {
        self.ask(&json!({"do": "scheme", "page": page.0, "scheme": scheme})).map(drop)
    }

    /// What the page complained of: exceptions and errors on its console.
    ///
    /// # Errors
    /// When the page is gone.
    pub fn complaints(&mut self, page: Page) -> Result<Vec<String>> {
        Ok(serde_json::from_value(self.ask(&json!({"do": "errors", "page": page.0}))?)?)
    }

    /// Closes a page.
    ///
    /// # Errors
    /// When the browser is gone.
    pub fn close(&mut self, page: Page) -> Result<()> {
        self.ask(&json!({"do": "close", "page": page.0})).map(drop)
    }
}
