//! The page, embedded in the binary and compressed once.

use std::io::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file of the page.
#[derive(Debug, Clone)]
pub struct Asset {
    /// Path it is asked for under.
    pub path: &'static str,
    /// Media type.
    pub media: &'static str,
    /// As it is.
    pub plain: Bytes,
    /// Compressed.
    pub gzip: Bytes,
    /// Changes with the content.
    pub tag: String,
}

macro_rules! files {
    ($($path:literal = $file:literal, $media:literal;)*) => {
        const FILES: &[(&str, &[u8], &str)] =
            &[$(($path, include_bytes!(concat!("../../assets/", $file)), $media)),*];
    };
}

files! {
    "/" = "index.html", "text/html; charset=utf-8";
    "/style.css" = "style.css", "text/css; charset=utf-8";
    "/app.js" = "app.js", "text/javascript; charset=utf-8";
    "/link.js" = "link.js", "text/javascript; charset=utf-8";
    "/panels.js" = "panels.js", "text/javascript; charset=utf-8";
    "/plots.js" = "plots.js", "text/javascript; charset=utf-8";
    "/around.js" = "around.js", "text/javascript; charset=utf-8";
    "/view.js" = "view.js", "text/javascript; charset=utf-8";
    "/icon.svg" = "icon.svg", "image/svg+xml";
    "/vendor/scene.js" = "vendor/scene.js", "text/javascript; charset=utf-8";
    "/vendor/plot.js" = "vendor/plot.js", "text/javascript; charset=utf-8";
    "/vendor/plot.css" = "vendor/plot.css", "text/css; charset=utf-8";
    "/vendor/LICENSES.txt" = "vendor/LICENSES.txt", "text/plain; charset=utf-8";
}

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| FILES.iter().map(asset).collect());

fn asset((path, plain, media): &(&'static str, &'static [u8], &'static str)) -> Asset {
    Asset {
        path,
        media,
        plain: Bytes::from_static(plain),
        gzip: gzip(plain),
        tag: format!("\"{:016x}\"", digest(plain)),
    }
}

/// Compresses; a failure, which a buffer in memory does not have, gives nothing.
pub fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.unwrap_or_default().into()
}

/// FNV-1a: names a content, guards nothing.
pub fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// All files.
pub fn all() -> &'static [Asset] {
    &ASSETS
}
