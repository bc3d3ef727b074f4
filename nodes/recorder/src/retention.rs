//! Which files go when there is not enough room.
//!
//! The one rule: the oldest first, and never the newest finished one: it may hold the fault that
//! filled the disk.

/// A finished file in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Room that it takes on the disk, bytes.
    pub size: u64,
}

/// The room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Free on the disk, bytes.
    pub free: u64,
    /// Wanted free on the disk, bytes.
    pub keep_free: u64,
    /// Taken by the file that is being written, bytes.
    pub current: u64,
    /// For all files together, bytes.
    pub budget: u64,
}

/// How many of the files, oldest first, must go.
#[must_use]
pub fn excess(files: &[Stored], room: Room) -> usize {
    let mut used = room.current + files.iter().map(|file| file.size).sum::<u64>();
    let mut free = room.free;
    let may_go = files.len().saturating_sub(1);
    let mut count = 0;
    for file in files.iter().take(may_go) {
        if used <= room.budget && free >= room.keep_free {
            break;
        }
        used -= file.size.min(used);
        free += file.size;
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn files(sizes: &[u64]) -> Vec<Stored> {
        let named = |(index, size): (usize, &u64)| Stored { name: index.to_string(), size: *size };
        sizes.iter().enumerate().map(named).collect()
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits_the_budget() {
        let room = Room { free: 1_000, keep_free: 0, current: 10, budget: 100 };
        assert_eq!(excess(&files(&[30, 30, 30]), room), 0);
        assert_eq!(excess(&files(&[30, 30, 30, 30]), room), 1);
        assert_eq!(excess(&files(&[30, 30, 30, 60]), room), 2);
    }

    #[test]
    fn others_get_the_room_that_is_left_to_them() {
        let room = Room { free: 20, keep_free: 70, current: 0, budget: 1_000 };
        assert_eq!(excess(&files(&[30, 30, 30, 30]), room), 2);
    }

    #[test]
    fn the_newest_finished_file_stays() {
        let room = Room { free: 0, keep_free: 1_000, current: 0, budget: 0 };
        assert_eq!(excess(&files(&[30, 30]), room), 1);
        assert_eq!(excess(&files(&[30]), room), 0);
        assert_eq!(excess(&[], room), 0);
    }

    proptest! {
        #[test]
        fn no_more_go_than_must(sizes in proptest::collection::vec(1_u64..100, 0..20), budget in 0_u64..1_000) {
            let files = files(&sizes);
            let room = Room { free: 0, keep_free: 0, current: 0, budget };
            let count = excess(&files, room);
            let used = |from: usize| files[from..].iter().map(|file| file.size).sum::<u64>();
            prop_assert!(used(count) <= budget || count + 1 >= files.len());
            prop_assert!(count == 0 || used(count - 1) > budget);
        }
    }
}
