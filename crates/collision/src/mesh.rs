//! Triangle meshes: from memory or STL, checked, and their distance to a point.
//!
//! The rule: a mesh is solid when it is closed (every edge is shared by exactly two triangles that
//! run along it in opposite directions) and turned outwards as a whole; else it is its surface, so
//! that a mesh with holes is never taken for something with an inside.

use std::collections::HashMap;
use std::path::Path;

use nalgebra::Vector3;
use parry3d_f64::math::Vector;
use parry3d_f64::query::PointQuery;
use parry3d_f64::shape::{Segment, TriMesh, TriMeshFlags};

use crate::CollisionError;
use crate::error::file_error;
use crate::shape::coordinates;

/// Triangles thinner than this are kept as the segment they are [m²].
const THINNEST: f64 = 1e-14;
/// More triangles than this are refused: a scan should be thinned out first.
const MOST_TRIANGLES: usize = 5_000_000;

/// A triangle mesh at the origin of its own frame.
pub struct Mesh {
    vertices: Vec<Vector3<f64>>,
    triangles: Vec<[u32; 3]>,
    closed: bool,
    surface: Option<TriMesh>,
    slivers: Vec<Segment>,
}

impl Mesh {
    /// A mesh of these vertices [m] and triples of their indices; `owner` is named in a refusal.
    pub fn new(
        owner: &str,
        vertices: &[[f64; 3]],
        triangles: &[[u32; 3]],
    ) -> Result<Self, CollisionError> {
        let wrong = |reason: String| CollisionError::Mesh { owner: owner.into(), reason };
        for vertex in vertices {
            coordinates(owner, "mesh vertex", vertex)?;
        }
        if triangles.is_empty() || triangles.len() > MOST_TRIANGLES {
            let count = triangles.len();
            return Err(wrong(format!("{count} triangles, must be 1 to {MOST_TRIANGLES}")));
        }
        let last = vertices.len();
        if let Some(bad) = triangles.iter().flatten().find(|i| **i as usize >= last) {
            return Err(wrong(format!("a triangle names vertex {bad}, there are {last}")));
        }
        let (vertices, triangles) = merged(vertices, triangles);
        Self::sorted(vertices, triangles).map_err(wrong)
    }

    /// Reads an STL file, text or binary, and scales it.
    pub fn from_stl(owner: &str, path: &Path, scale: [f64; 3]) -> Result<Self, CollisionError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| file_error(owner, &file, None, e))?;
        Self::from_stl_bytes(owner, &bytes, scale)
    }

    /// Reads what an STL file, text or binary, contains, and scales it.
    pub fn from_stl_bytes(
        owner: &str,
        bytes: &[u8],
        scale: [f64; 3],
    ) -> Result<Self, CollisionError> {
        let wrong = |reason: String| CollisionError::Mesh { owner: owner.into(), reason };
        let mut cursor = std::io::Cursor::new(bytes);
        let reader = stl_io::create_stl_reader(&mut cursor)
            .map_err(|e| wrong(format!("not an STL file: {e}")))?;
        let mut vertices = Vec::new();
        let mut triangles = Vec::new();
        for triangle in reader {
            let triangle = triangle.map_err(|e| {
                wrong(format!("the STL file breaks off after {} triangles: {e}", triangles.len()))
            })?;
            let first = vertices.len() as u32;
            for vertex in triangle.vertices {
                let [x, y, z]: [f32; 3] = vertex.0;
                let [sx, sy, sz] = scale;
                vertices.push([f64::from(x) * sx, f64::from(y) * sy, f64::from(z) * sz]);
            }
            triangles.push([first, first + 1, first + 2]);
            if triangles.len() > MOST_TRIANGLES {
                break;
            }
        }
        Self::new(owner, &vertices, &triangles)
    }

    /// Tells triangles from slivers and solids from surfaces.
    fn sorted(vertices: Vec<Vector3<f64>>, all: Vec<[u32; 3]>) -> Result<Self, String> {
        let corners =
            |t: &[u32; 3]| t.map(|i| vertices.get(i as usize).copied().unwrap_or_default());
        let is_thin = |t: &[u32; 3]| {
            let [a, b, c] = corners(t);
            (b - a).cross(&(c - a)).norm() < 2.0 * THINNEST
        };
        let (thin, mut triangles): (Vec<_>, Vec<_>) = all.iter().copied().partition(is_thin);
        let slivers = thin.iter().map(|t| longest_edge(corners(t))).collect();
        let volume: f64 = triangles.iter().map(|t| signed_volume(corners(t))).sum();
        let closed = is_closed(&triangles) && volume != 0.0;
        if closed && volume < 0.0 {
            triangles.iter_mut().for_each(|[_, b, c]| std::mem::swap(b, c));
        }
        let surface = match triangles.is_empty() {
            true => None,
            false => Some(surface(&vertices, &triangles, closed)?),
        };
        Ok(Self { vertices, triangles, closed, surface, slivers })
    }

    /// Whether it has an inside.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Its vertices, equal ones merged [m].
    #[must_use]
    pub fn vertices(&self) -> &[Vector3<f64>] {
        &self.vertices
    }

    /// Its triangles, those without area left out.
    #[must_use]
    pub fn triangles(&self) -> &[[u32; 3]] {
        &self.triangles
    }

    /// Corners of every triangle and sliver.
    pub(crate) fn faces(&self) -> impl Iterator<Item = [Vector3<f64>; 3]> {
        let corner = |i: u32| self.vertices.get(i as usize).copied().unwrap_or_default();
        let slivers = self.slivers.iter().map(|s| {
            let (a, b) = (from_parry(s.a), from_parry(s.b));
            [a, b, b]
        });
        self.triangles.iter().map(move |t| t.map(corner)).chain(slivers)
    }

    /// Distance of a point to it [m]; negative inside a closed one.
    pub(crate) fn signed_distance(&self, point: &Vector3<f64>) -> f64 {
        let at = to_parry(point);
        let slivers = self.slivers.iter().map(|s| s.distance_to_local_point(at, true));
        let thin = slivers.fold(f64::INFINITY, f64::min);
        let Some(surface) = &self.surface else { return thin };
        let projection = surface.project_local_point(at, false);
        let distance = (projection.point - at).length();
        let signed = if self.closed && projection.is_inside { -distance } else { distance };
        signed.min(thin)
    }
}

impl PartialEq for Mesh {
    fn eq(&self, other: &Self) -> bool {
        self.vertices == other.vertices && self.triangles == other.triangles
    }
}

impl std::fmt::Debug for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (vertices, triangles) = (self.vertices.len(), self.triangles.len());
        write!(f, "Mesh({vertices} vertices, {triangles} triangles, closed {})", self.closed)
    }
}

pub(crate) fn to_parry(v: &Vector3<f64>) -> Vector {
    Vector::new(v.x, v.y, v.z)
}

fn from_parry(v: Vector) -> Vector3<f64> {
    Vector3::new(v.x, v.y, v.z)
}

fn surface(
    vertices: &[Vector3<f64>],
    triangles: &[[u32; 3]],
    closed: bool,
) -> Result<TriMesh, String> {
    let points: Vec<Vector> = vertices.iter().map(to_parry).collect();
    let flags = if closed { TriMeshFlags::ORIENTED } else { TriMeshFlags::empty() };
    TriMesh::with_flags(points, triangles.to_vec(), flags).map_err(|e| e.to_string())
}

/// Equal vertices become one, so that shared edges can be seen.
fn merged(vertices: &[[f64; 3]], triangles: &[[u32; 3]]) -> (Vec<Vector3<f64>>, Vec<[u32; 3]>) {
    let mut seen: HashMap<[u64; 3], u32> = HashMap::new();
    let mut kept = Vec::new();
    let mut index_of = Vec::with_capacity(vertices.len());
    for vertex in vertices {
        let key = vertex.map(|x| (x + 0.0).to_bits()); // -0 and 0 are one place
        index_of.push(*seen.entry(key).or_insert_with(|| {
            kept.push(Vector3::from(*vertex));
            kept.len() as u32 - 1
        }));
    }
    let renamed = |i: u32| index_of.get(i as usize).copied().unwrap_or_default();
    (kept, triangles.iter().map(|t| t.map(renamed)).collect())
}

/// Every directed edge occurs once, and so does the opposite one.
fn is_closed(triangles: &[[u32; 3]]) -> bool {
    let mut edges: HashMap<(u32, u32), u32> = HashMap::new();
    for [a, b, c] in triangles {
        for edge in [(*a, *b), (*b, *c), (*c, *a)] {
            *edges.entry(edge).or_default() += 1;
        }
    }
    edges.iter().all(|(&(a, b), &count)| count == 1 && edges.get(&(b, a)) == Some(&1))
}

fn signed_volume([a, b, c]: [Vector3<f64>; 3]) -> f64 {
    a.dot(&b.cross(&c)) / 6.0
}

fn longest_edge([a, b, c]: [Vector3<f64>; 3]) -> Segment {
    let edges = [(a, b), (b, c), (c, a)];
    let length = |(p, q): &(Vector3<f64>, Vector3<f64>)| (p - q).norm();
    let longest = edges.into_iter().max_by(|p, q| length(p).total_cmp(&length(q)));
    let (p, q) = longest.unwrap_or((a, b));
    Segment::new(to_parry(&p), to_parry(&q))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A unit cube about the origin, turned outwards.
    fn cube() -> (Vec<[f64; 3]>, Vec<[u32; 3]>) {
        let corner = |i: u32| [i & 1, (i >> 1) & 1, i >> 2].map(|b| f64::from(b) - 0.5);
        let quads =
            [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]];
        let triangles = quads.iter().flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]]).collect();
        ((0..8).map(corner).collect(), triangles)
    }

    fn distance(mesh: &Mesh, x: f64) -> f64 {
        mesh.signed_distance(&Vector3::new(x, 0.01, 0.02))
    }

    #[test]
    fn closed_mesh_is_solid_whichever_way_it_is_turned() {
        let (vertices, triangles) = cube();
        let inside_out: Vec<_> = triangles.iter().map(|&[a, b, c]| [a, c, b]).collect();
        for triangles in [triangles, inside_out] {
            let mesh = Mesh::new("cube", &vertices, &triangles).unwrap();
            assert!(mesh.is_closed());
            assert!((distance(&mesh, 0.3) + 0.2).abs() < 1e-9);
            assert!((distance(&mesh, 0.8) - 0.3).abs() < 1e-9);
        }
    }

    #[test]
    fn mesh_with_a_hole_is_its_surface() {
        let (vertices, triangles) = cube();
        let mesh = Mesh::new("cube", &vertices, &triangles[1..]).unwrap();
        assert!(!mesh.is_closed());
        assert!((distance(&mesh, 0.3) - 0.2).abs() < 1e-9);
    }

    #[test]
    fn triangle_without_area_still_counts_as_its_edge() {
        let vertices = [[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.5, 0.0, 0.0]];
        let mesh = Mesh::new("wire", &vertices, &[[0, 1, 2]]).unwrap();
        let at = Vector3::new(0.9, 0.2, 0.0);
        assert!((mesh.signed_distance(&at) - 0.2).abs() < 1e-12);
    }

    #[test]
    fn mesh_that_is_none_is_refused_with_the_reason() {
        let vertices = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]];
        let said = |v: &[[f64; 3]], t: &[[u32; 3]]| Mesh::new("m", v, t).unwrap_err().to_string();
        assert!(said(&vertices, &[]).contains("0 triangles"));
        assert!(said(&vertices, &[[0, 1, 7]]).contains("vertex 7"));
        assert!(said(&[[f64::NAN; 3]; 3], &[[0, 1, 2]]).contains("vertex"));
    }

    #[test]
    fn stl_that_breaks_off_or_is_no_stl_is_refused() {
        let mut bytes = vec![0u8; 80];
        bytes.extend(1000u32.to_le_bytes());
        bytes.extend([0u8; 60]);
        assert!(Mesh::from_stl_bytes("m", &bytes, [1.0; 3]).is_err());
        assert!(Mesh::from_stl_bytes("m", b"", [1.0; 3]).is_err());
        assert!(Mesh::from_stl_bytes("m", b"solid nothing", [1.0; 3]).is_err());
        assert!(Mesh::from_stl_bytes("m", b"v 0 0 0", [1.0; 3]).is_err());
    }

    #[test]
    fn written_stl_is_read_and_scaled() {
        let text = "solid t\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\n\
                    vertex 0 1 0\nendloop\nendfacet\nendsolid t\n";
        let mesh = Mesh::from_stl_bytes("t", text.as_bytes(), [0.001; 3]).unwrap();
        assert_eq!(mesh.triangles().len(), 1);
        assert!(mesh.vertices().iter().all(|v| v.norm() <= 0.001));
    }
}
