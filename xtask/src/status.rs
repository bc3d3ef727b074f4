//! `cargo xtask status`: hands over to the client that listens to the arm.
//!
//! A table that is asked for in trouble must not wait for a compiler: the client is built only when
//! it is not there.

use anyhow::Result;

use crate::{build, paths};

const CLIENT: &str = "status_client";

/// Shows the arm; false when nobody was heard.
///
/// # Errors
/// When the client cannot be built or started.
pub fn status(once: bool, namespace: &str) -> Result<bool> {
    let ros = build::companion(CLIENT)?;
    let mut client = ros.command(paths::target().join("release").join(CLIENT));
    client.args(["--namespace", namespace]);
    if once {
        client.arg("--once");
    }
    Ok(client.status()?.success())
}
