//! Recordings: which there are, and their download.
//!
//! The rule: a browser gets a file only under a name that our own look into the folder found.

use super::Shared;
use crate::view::{self, Recording};
use axum::body::Body;
use futures::StreamExt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use tokio_util::io::ReaderStream;

/// Between two looks into the folder.
const LOOK: Duration = Duration::from_secs(2);
/// Folders below the folder that are looked into: rosbag2 makes one per recording.
const DEPTH: usize = 2;
/// Files shown: the newest.
const MOST: usize = 200;
/// Files looked at in one look.
const MOST_LOOKED_AT: usize = 20_000;
/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;
/// A download is not faster than this, bytes/s: it shares its thread with the picture and the stop.
const RATE: f64 = 40e6;

/// Looks into the folder again and again; shows what changed.
pub async fn watch(shared: &Arc<Shared>) {
    let mut shown = None;
    loop {
        let files = match shared.recordings.clone() {
            None => None,
            Some(folder) => {
                tokio::task::spawn_blocking(move || folder.is_dir().then(|| list(&folder)))
                    .await
                    .unwrap_or_default()
            }
        };
        if shown.as_ref() != Some(&files) {
            let update = view::recordings(files.as_deref());
            shared.board.send_modify(|board| board.put(vec![update]));
            shown = Some(files);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The recordings in a folder, newest first.
pub fn list(folder: &Path) -> Vec<Recording> {
    let mut found = Vec::new();
    let mut budget = MOST_LOOKED_AT;
    look_into(folder, Path::new(""), DEPTH, &mut budget, &mut found);
    found.sort_by(|a, b| b.changed.cmp(&a.changed).then_with(|| b.name.cmp(&a.name)));
    found.truncate(MOST);
    found
}

fn look_into(
    folder: &Path,
    below: &Path,
    depth: usize,
    budget: &mut usize,
    found: &mut Vec<Recording>,
) {
    let entries = fs::read_dir(folder.join(below)).into_iter().flatten().flatten();
    for entry in entries {
        let Some(left) = budget.checked_sub(1) else { return };
        *budget = left;
        let path = below.join(entry.file_name());
        // Of the entry itself: links are not followed.
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() && depth > 0 {
            look_into(folder, &path, depth - 1, budget, found);
        } else if meta.is_file() && path.extension().is_some_and(|end| end == "mcap") {
            let changed =
                meta.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
            let Some(name) = path.to_str() else { continue };
            found.push(Recording {
                name: name.to_owned(),
                size: meta.len(),
                changed: changed.map_or(0, |time| time.as_secs()),
            });
        }
    }
}

/// A file on its way: as long as it is now, also when somebody still writes to it.
pub struct Download {
    /// Bytes.
    pub size: u64,
    /// The bytes.
    pub body: Body,
}

/// Opens the recording of that name; `None` when there is none.
pub async fn open(folder: PathBuf, name: String) -> Option<Download> {
    let known = folder.clone();
    let listed = tokio::task::spawn_blocking(move || list(&known)).await.ok()?;
    let recording = listed.into_iter().find(|recording| recording.name == name)?;
    stream(&folder.join(recording.name)).await
}

/// The content of a file.
pub async fn stream(path: &Path) -> Option<Download> {
    let file = tokio::fs::File::open(path).await.ok()?;
    let size = file.metadata().await.ok().filter(|meta| meta.is_file())?.len();
    let (began, mut sent) = (Instant::now(), 0.0);
    let chunks = ReaderStream::with_capacity(file.take(size), CHUNK).then(move |chunk| {
        sent += chunk.as_ref().map_or(0.0, |bytes| bytes.len() as f64);
        let due = began + Duration::from_secs_f64(sent / RATE);
        async move {
            tokio::time::sleep_until(due).await;
            chunk
        }
    });
    Some(Download { size, body: Body::from_stream(chunks) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_found_newest_first_and_nothing_else_is() {
        let folder = std::env::temp_dir().join(format!("dashboard-files-{}", std::process::id()));
        fs::create_dir_all(folder.join("bag/deep/deeper")).unwrap();
        fs::write(folder.join("old.mcap"), "12345").unwrap();
        let old = fs::File::options().write(true).open(folder.join("old.mcap")).unwrap();
        old.set_modified(UNIX_EPOCH + Duration::from_secs(1_000)).unwrap();
        fs::write(folder.join("bag/new.mcap"), "1").unwrap();
        fs::write(folder.join("bag/deep/deeper/hidden.mcap"), "1").unwrap();
        fs::write(folder.join("secret.txt"), "1").unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.join("link.mcap")).unwrap();
        let names: Vec<_> = list(&folder).into_iter().map(|r| (r.name, r.size)).collect();
        assert_eq!(names, [("bag/new.mcap".to_owned(), 1), ("old.mcap".to_owned(), 5)]);
        fs::remove_dir_all(folder).unwrap();
    }
}
