//! The state on the disk: an embedded database, one transaction per change.
//!
//! The rule: [`Store::save`] returns when it is durable, or says that it is not. A file that cannot be
//! read is told, never overwritten.

use crate::state::{PartRecord, State};
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};
use std::fs;
use std::path::{Path, PathBuf};
use thiserror::Error;

const TEXTS: TableDefinition<&str, &str> = TableDefinition::new("texts");
const PARTS: TableDefinition<u64, &str> = TableDefinition::new("parts");
const STATE: &str = "state";
const JOB: &str = "job";
/// Finished parts that are remembered.
const MOST_PARTS: u64 = 100_000;

/// What went wrong with the file.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The database.
    #[error("state file {path}: {error}")]
    Database {
        /// Where.
        path: PathBuf,
        /// What it says.
        error: redb::Error,
    },
    /// The folder cannot be made.
    #[error("folder of the state file {path}: {error}")]
    Folder {
        /// Where.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Not what was written.
    #[error("state file {path} holds something else than a state ({error}): move it away")]
    Content {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        error: serde_json::Error,
    },
}

/// One change.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Save {
    /// The state.
    pub state: State,
    /// The text of the job, when it is another one.
    pub job: Option<String>,
    /// Parts that were finished.
    pub parts: Vec<PartRecord>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// The state.
    pub state: State,
    /// The text of its job.
    pub job: String,
}

/// The file.
#[derive(Debug)]
pub struct Store {
    database: Database,
    path: PathBuf,
}

impl Store {
    /// Opens it, or makes an empty one.
    ///
    /// # Errors
    /// [`StoreError`]; also when another process has it.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        if let Some(folder) = path.parent() {
            let made = fs::create_dir_all(folder);
            made.map_err(|error| StoreError::Folder { path: folder.to_path_buf(), error })?;
        }
        match Database::create(&path) {
            Ok(database) => Ok(Self { database, path }),
            Err(error) => Err(StoreError::Database { path, error: error.into() }),
        }
    }

    /// What was saved last; none in an empty file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn load(&self) -> Result<Option<Restored>, StoreError> {
        let [state, job] = self.texts().map_err(|error| self.database_error(error))?;
        let (Some(state), Some(job)) = (state, job) else { return Ok(None) };
        let state = serde_json::from_str(&state)
            .map_err(|error| StoreError::Content { path: self.path.clone(), error })?;
        Ok(Some(Restored { state, job }))
    }

    fn texts(&self) -> Result<[Option<String>; 2], redb::Error> {
        let read = self.database.begin_read()?;
        let table = match read.open_table(TEXTS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok([None, None]),
            Err(error) => return Err(error.into()),
        };
        let text = |key| Ok::<_, redb::Error>(table.get(key)?.map(|it| it.value().to_owned()));
        Ok([text(STATE)?, text(JOB)?])
    }

    /// Makes a change durable.
    ///
    /// # Errors
    /// [`StoreError`]; the file is then as it was before.
    pub fn save(&self, save: &Save) -> Result<(), StoreError> {
        let content = |error| StoreError::Content { path: self.path.clone(), error };
        let state = serde_json::to_string(&save.state).map_err(content)?;
        let parts: Vec<String> = save
            .parts
            .iter()
            .map(serde_json::to_string)
            .collect::<Result<_, _>>()
            .map_err(content)?;
        let written = self.write(&state, save.job.as_deref(), &parts);
        written.map_err(|error| self.database_error(error))
    }

    fn write(&self, state: &str, job: Option<&str>, parts: &[String]) -> Result<(), redb::Error> {
        let write = self.database.begin_write()?;
        {
            let mut texts = write.open_table(TEXTS)?;
            texts.insert(STATE, state)?;
            if let Some(job) = job {
                texts.insert(JOB, job)?;
            }
            let mut table = write.open_table(PARTS)?;
            for part in parts {
                let next = table.last()?.map_or(0, |(key, _)| key.value() + 1);
                table.insert(next, part.as_str())?;
            }
            while table.len()? > MOST_PARTS {
                table.pop_first()?;
            }
        }
        write.commit()?;
        Ok(())
    }

    /// All finished parts that are remembered, oldest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn parts(&self) -> Result<Vec<PartRecord>, StoreError> {
        let texts = self.part_texts().map_err(|error| self.database_error(error))?;
        let parse = |text: &String| serde_json::from_str(text);
        let parts: Result<_, _> = texts.iter().map(parse).collect();
        parts.map_err(|error| StoreError::Content { path: self.path.clone(), error })
    }

    fn part_texts(&self) -> Result<Vec<String>, redb::Error> {
        let read = self.database.begin_read()?;
        let table = match read.open_table(PARTS) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        table.iter()?.map(|entry| Ok(entry?.1.value().to_owned())).collect()
    }

    fn database_error(&self, error: redb::Error) -> StoreError {
        StoreError::Database { path: self.path.clone(), error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{Fate, Phase, Verdict};

    fn file(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("armature-cell-{}-{name}", std::process::id()));
        let _was_not_there = fs::remove_file(&path);
        path
    }

    #[test]
    fn what_was_saved_is_found_again_and_the_job_kept_when_it_did_not_change() {
        let path = file("found");
        let state = State { run: 3, phase: Phase::Running, place: 7, ..State::default() };
        {
            let store = Store::open(&path).unwrap();
            assert_eq!(store.load().unwrap(), None);
            let job = Some("name: x".to_owned());
            store.save(&Save { job, ..Save::default() }).unwrap();
            let part = PartRecord {
                part: "p1".into(),
                fate: Fate::Judged(Verdict::Pass),
                reason: String::new(),
                cycle_time: Some(1.5),
            };
            let parts = vec![part.clone(), part];
            store.save(&Save { state: state.clone(), job: None, parts }).unwrap();
        }
        let store = Store::open(&path).unwrap();
        let found = store.load().unwrap().unwrap();
        assert_eq!((found.state, found.job.as_str()), (state, "name: x"));
        assert_eq!(store.parts().unwrap().len(), 2);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_of_something_else_is_told_and_left_alone() {
        let path = file("else");
        fs::write(&path, "a shopping list").unwrap();
        let error = Store::open(&path).unwrap_err().to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "a shopping list");
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_second_process_does_not_get_the_file() {
        let path = file("second");
        let _first = Store::open(&path).unwrap();
        assert!(Store::open(&path).is_err());
        fs::remove_file(path).unwrap();
    }
}
