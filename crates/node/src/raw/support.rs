//! Type supports of packages that are found when the process runs.
//!
//! The one rule: a library stays loaded as long as anything made with it.

use super::RawError;
use libloading::Library;
use r2r_rcl::rosidl_message_type_support_t as TypeSupport;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// As rosidl names the functions that give a type support.
type Handle = unsafe extern "C" fn() -> *const TypeSupport;

/// The libraries in use, by package.
#[derive(Debug, Default)]
pub(super) struct TypeSupports {
    libraries: BTreeMap<String, Library>,
}

impl TypeSupports {
    /// The type support of a type such as `sensor_msgs/msg/Image`.
    pub fn of(&mut self, kind: &str) -> Result<*const TypeSupport, RawError> {
        let failed = |reason: String| RawError::Type { kind: kind.to_owned(), reason };
        let parts: Vec<&str> = kind.split('/').collect();
        let &[package, folder, name] = parts.as_slice() else {
            return Err(failed("its name is not of the form package/msg/Name".to_owned()));
        };
        let word = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if ![package, folder, name].into_iter().all(word) {
            return Err(failed(
                "its name holds other characters than letters and digits".to_owned(),
            ));
        }
        let symbol = format!(
            "rosidl_typesupport_c__get_message_type_support_handle__{package}__{folder}__{name}"
        );
        let library = self.library(package).map_err(failed)?;
        // SAFETY: rosidl declares this function so, in every package that it generates.
        let handle = unsafe { library.get::<Handle>(symbol.as_bytes()) };
        let handle = handle.map_err(|error| failed(error.to_string()))?;
        // SAFETY: it only returns a pointer to a constant of its library.
        let support = unsafe { handle() };
        if support.is_null() {
            Err(failed("it has no type support".to_owned()))
        } else {
            Ok(support)
        }
    }

    fn library(&mut self, package: &str) -> Result<&Library, String> {
        if !self.libraries.contains_key(package) {
            let library = load(&format!("lib{package}__rosidl_typesupport_c.so"))?;
            self.libraries.insert(package.to_owned(), library);
        }
        self.libraries.get(package).ok_or_else(|| "it cannot be loaded".to_owned())
    }
}

/// From the loader's path, else from the prefixes of the environment.
fn load(file: &str) -> Result<Library, String> {
    let prefixes = std::env::var_os("AMENT_PREFIX_PATH").unwrap_or_default();
    let installed = std::env::split_paths(&prefixes).map(|prefix| prefix.join("lib").join(file));
    let mut last = String::new();
    for path in std::iter::once(PathBuf::from(file)).chain(installed) {
        // SAFETY: the initialisers of rosidl's libraries only register constants.
        match unsafe { Library::new(&path) } {
            Ok(library) => return Ok(library),
            Err(error) if last.is_empty() => last = error.to_string(),
            Err(_) => {}
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_that_is_not_installed_is_named() {
        let mut supports = TypeSupports::default();
        for kind in
            ["no_such_package/msg/Thing", "std_msgs/msg/NoSuchThing", "std_msgs", "a/b/../c"]
        {
            let error = supports.of(kind).unwrap_err().to_string();
            assert!(error.contains(kind), "{error}");
        }
    }

    #[test]
    fn a_type_that_is_installed_is_found() {
        assert!(TypeSupports::default().of("std_msgs/msg/String").is_ok());
    }
}
