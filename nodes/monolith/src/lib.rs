//! Any nodes of the arm in one process: what its command line asks for.
//!
//! The rule: a node is told exactly what a process of its own would be told. Behind `--node PROGRAM`
//! stand the words that would stand behind `--ros-args` there, with `=` for `:=`: rcl takes a word with `:=`
//! anywhere on a command line for a rule for all nodes. Nothing is read twice or filled in.
//!
//! Terms: a *program* is the executable that a node has as a process of its own, such as `joint_driver`;
//! several nodes may run the same one.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use thiserror::Error;

/// What `--help` prints, before the list of programs.
pub const HELP: &str = "\
Runs nodes of the arm as threads of one process.

  monolith --nodes PROGRAM,… [--config FOLDER] [--ros-args …]
  monolith --node PROGRAM [ARGUMENT …] [--node PROGRAM [ARGUMENT …]] … [--ros-args …]

  --nodes    Nodes of these programs under their usual names, with the parameters of FOLDER/arm.yaml and
             FOLDER/PROGRAM.yaml. FOLDER is that of package armature_bringup unless --config names one.
  --node     One node, with the arguments that a process of its own would have behind --ros-args:
             -r __node=NAME, -r __ns=NAMESPACE, -p KEY=VALUE, --params-file FILE, --log-level LEVEL.
             (With = instead of :=, which every ROS program would take for a rule for all its nodes.)
  --ros-args What follows is for all nodes, as in every ROS program.

Launch does it for you: ros2 launch armature_bringup arm.launch.xml groups:=\"joint_state,thermal\"

Programs: ";

/// Why a command line cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArgumentError {
    /// No such program.
    #[error("no program {name:?} here; there are {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// All there are.
        known: String,
    },
    /// Something before the first node.
    #[error(
        "argument {0:?} stands before any node: --nodes, --node, --config and --help are known there"
    )]
    Stray(String),
    /// A word that must be followed by another.
    #[error("{0} wants a value")]
    NoValue(String),
    /// Nothing to run.
    #[error("no node is asked for: give --nodes PROGRAM,… or --node PROGRAM")]
    Nothing,
    /// The parameter files were not found.
    #[error(
        "no folder share/armature_bringup/config in any prefix of AMENT_PREFIX_PATH: give --config FOLDER"
    )]
    NoConfig,
    /// The same program twice without a name of its own.
    #[error(
        "program {0:?} is asked for twice under the same name: give each a name by --node {0} -r __node=NAME"
    )]
    Twice(String),
    /// A name for all.
    #[error(
        "{0:?} behind --ros-args would give all nodes the same name: put it behind --node PROGRAM"
    )]
    OneName(String),
}

/// A node that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The program that it runs.
    pub program: String,
    /// Its own arguments.
    pub arguments: Vec<String>,
}

impl Wanted {
    /// Its name, when its arguments give one.
    fn name(&self) -> Option<&str> {
        self.value("__node:=")
    }

    fn value(&self, rule: &str) -> Option<&str> {
        self.arguments.iter().find_map(|word| word.strip_prefix(rule))
    }
}

/// What a command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To be told how.
    Help,
    /// These nodes.
    Run(Vec<Wanted>),
}

/// Reads the words behind the name of the process. `known` are the programs, `usual` is the folder with
/// their parameters.
///
/// # Errors
/// [`ArgumentError`] naming the word.
pub fn read(
    words: &[String],
    known: &[&str],
    usual: Option<PathBuf>,
) -> Result<Request, ArgumentError> {
    let ours = words.iter().position(|word| word == "--ros-args").unwrap_or(words.len());
    let (ours, common) = words.split_at_checked(ours).unwrap_or((words, &[]));
    if let Some(rule) = common.iter().find(|word| word.starts_with("__node:=")) {
        return Err(ArgumentError::OneName(rule.clone()));
    }
    let (mut config, mut short, mut wanted) = (usual, Vec::new(), Vec::<Wanted>::new());
    let mut rest = ours.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| ArgumentError::NoValue(word.clone()));
        match (word.as_str(), wanted.last_mut()) {
            ("--help" | "-h", _) => return Ok(Request::Help),
            ("--config", _) => config = Some(PathBuf::from(value()?)),
            ("--nodes", _) => short.extend(value()?.split(',').map(|name| name.trim().to_owned())),
            ("--node", _) => {
                let program = value()?.clone();
                wanted.push(Wanted { program, arguments: Vec::new() });
            }
            (_, Some(node)) => {
                let rule = node.arguments.last().is_some_and(|flag| RULES.contains(&flag.as_str()));
                node.arguments.push(if rule { as_rcl_writes(word) } else { word.clone() });
            }
            (_, None) => return Err(ArgumentError::Stray(word.clone())),
        }
    }
    if !short.is_empty() {
        let config = config.ok_or(ArgumentError::NoConfig)?;
        wanted.extend(short.into_iter().map(|program| usual_node(program, &config)));
    }
    check(&wanted, known)?;
    Ok(Request::Run(wanted))
}

/// Behind these stands a rule.
const RULES: [&str; 4] = ["-r", "--remap", "-p", "--param"];

/// `name=value` as `name:=value`.
fn as_rcl_writes(rule: &str) -> String {
    match rule.split_once('=') {
        Some((name, value)) if !name.ends_with(':') => format!("{name}:={value}"),
        _ => rule.to_owned(),
    }
}

/// A node of this program as it usually is.
fn usual_node(program: String, config: &Path) -> Wanted {
    let files = ["arm".to_owned(), program.clone()];
    let path = |name: String| config.join(format!("{name}.yaml")).to_string_lossy().into_owned();
    let words = files.map(|name| ["--params-file".to_owned(), path(name)]);
    Wanted { program, arguments: words.into_iter().flatten().collect() }
}

fn check(wanted: &[Wanted], known: &[&str]) -> Result<(), ArgumentError> {
    if wanted.is_empty() {
        return Err(ArgumentError::Nothing);
    }
    for (count, node) in wanted.iter().enumerate() {
        if !known.contains(&node.program.as_str()) {
            let (name, known) = (node.program.clone(), known.join(", "));
            return Err(ArgumentError::Unknown { name, known });
        }
        let same = |other: &Wanted| other.program == node.program && other.name() == node.name();
        if wanted.iter().take(count).any(same) {
            return Err(ArgumentError::Twice(node.program.clone()));
        }
    }
    Ok(())
}

/// What tells a process with these nodes from others of the same launch: a node is in one process only, so
/// the first one's name does.
#[must_use]
pub fn process_name(wanted: &[Wanted]) -> String {
    let first = wanted.first();
    let namespace = first.and_then(|node| node.value("__ns:=")).unwrap_or_default();
    let name = first.map(|node| node.name().unwrap_or(&node.program)).unwrap_or_default();
    format!("{namespace}/monolith.{name}")
}

/// The folder with the parameters of all programs, in one of these prefixes.
pub fn usual_config(prefixes: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let folders = prefixes.map(|prefix| prefix.join("share/armature_bringup/config"));
    folders.into_iter().find(|folder| folder.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 2] = ["joint_driver", "thermal"];

    fn asked(line: &str) -> Result<Request, ArgumentError> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        read(&words, &KNOWN, Some(PathBuf::from("/config")))
    }

    fn node(program: &str, arguments: &str) -> Wanted {
        let arguments = arguments.split_whitespace().map(str::to_owned).collect();
        Wanted { program: program.to_owned(), arguments }
    }

    #[test]
    fn each_node_has_the_words_behind_it() {
        let line = "--node joint_driver -r __node=driver_1 -p a:=b=1 --node joint_driver \
                    -r __node=driver_2 --node thermal --ros-args --log-level info";
        let nodes = vec![
            node("joint_driver", "-r __node:=driver_1 -p a:=b=1"),
            node("joint_driver", "-r __node:=driver_2"),
            node("thermal", ""),
        ];
        assert_eq!(process_name(&nodes), "/monolith.driver_1");
        assert_eq!(asked(line), Ok(Request::Run(nodes)));
    }

    #[test]
    fn nodes_in_short_read_the_usual_files() {
        let files = |name: &str| {
            node(name, &format!("--params-file /here/arm.yaml --params-file /here/{name}.yaml"))
        };
        let nodes = vec![files("thermal"), files("joint_driver")];
        assert_eq!(asked("--nodes thermal,joint_driver --config /here"), Ok(Request::Run(nodes)));
        let words = ["--nodes".to_owned(), "thermal".to_owned()];
        assert_eq!(read(&words, &KNOWN, None), Err(ArgumentError::NoConfig));
    }

    #[test]
    fn a_program_that_is_not_there_is_named_with_those_that_are() {
        for line in ["--nodes thermal,plannning", "--node plannning"] {
            let text = asked(line).unwrap_err().to_string();
            assert!(text.contains("plannning") && text.contains("joint_driver, thermal"), "{text}");
        }
    }

    #[test]
    fn words_that_mean_nothing_are_refused() {
        assert_eq!(asked(""), Err(ArgumentError::Nothing));
        assert_eq!(asked("thermal"), Err(ArgumentError::Stray("thermal".to_owned())));
        assert_eq!(asked("--nodes"), Err(ArgumentError::NoValue("--nodes".to_owned())));
        let twice = ArgumentError::Twice("thermal".to_owned());
        assert_eq!(asked("--node thermal --nodes thermal"), Err(twice));
        let named = "--nodes thermal --ros-args -r __node:=x";
        assert_eq!(asked(named), Err(ArgumentError::OneName("__node:=x".to_owned())));
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        assert_eq!(asked("--node thermal --help"), Ok(Request::Help));
    }
}
