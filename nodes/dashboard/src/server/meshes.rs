//! The robot description as the page gets it, and the mesh files it names.
//!
//! The rule: a browser can ask for exactly the files that the description names, by their number,
//! and for no other.

use std::path::{Path, PathBuf};

/// Attribute that names a mesh in URDF.
const ATTRIBUTE: &str = "filename=\"";

/// The description and its meshes.
#[derive(Debug, Clone, Default)]
pub struct Meshes {
    urdf: String,
    files: Vec<Option<PathBuf>>,
}

impl Meshes {
    /// Gives every mesh of a description a number; `share` finds the folder of a ROS package.
    #[must_use]
    pub fn of(urdf: &str, share: impl Fn(&str) -> Option<PathBuf>) -> Self {
        let mut meshes = Self::default();
        let mut rest = urdf;
        while let Some((before, after)) = rest.split_once(ATTRIBUTE) {
            let Some((name, after)) = after.split_once('"') else { break };
            let number = meshes.files.len();
            let file = name.rsplit('/').next().unwrap_or_default();
            meshes.urdf += &format!("{before}{ATTRIBUTE}/mesh/{number}/{file}\"");
            meshes.files.push(locate(name, &share));
            rest = after;
        }
        meshes.urdf += rest;
        meshes
    }

    /// The description, its meshes named as the page may ask for them.
    #[must_use]
    pub fn urdf(&self) -> &str {
        &self.urdf
    }

    /// The file of a mesh.
    #[must_use]
    pub fn file(&self, number: usize) -> Option<&Path> {
        self.files.get(number)?.as_deref()
    }
}

/// Where a mesh is: `package://name/path` or `file:///path`.
fn locate(name: &str, share: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    if let Some(path) = name.strip_prefix("package://") {
        let (package, path) = path.split_once('/')?;
        return Some(share(package)?.join(path));
    }
    name.strip_prefix("file://").map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meshes_get_numbers_and_only_they_can_be_asked_for() {
        let urdf = r#"<a><mesh filename="package://arm/m/base.stl"/><mesh filename='x'/>
            <mesh filename="file:///m/tip.dae"/><mesh filename="package://gone/a.stl"/></a>"#;
        let share = |name: &str| (name == "arm").then(|| PathBuf::from("/share/arm"));
        let meshes = Meshes::of(urdf, share);
        assert!(meshes.urdf().contains("filename=\"/mesh/0/base.stl\""));
        assert!(meshes.urdf().contains("filename=\"/mesh/1/tip.dae\""));
        assert_eq!(meshes.file(0), Some(Path::new("/share/arm/m/base.stl")));
        assert_eq!(meshes.file(1), Some(Path::new("/m/tip.dae")));
        assert_eq!((meshes.file(2), meshes.file(3)), (None, None));
    }

    #[test]
    fn a_description_without_meshes_or_with_a_broken_end_stays_as_it_is() {
        for urdf in ["<robot/>", "<mesh filename=\"never ends", ""] {
            assert_eq!(Meshes::of(urdf, |_| None).urdf(), urdf);
        }
    }
}
