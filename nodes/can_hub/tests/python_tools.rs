//! The hub with python-can and python-canopen.
#![cfg(feature = "tools")]
#![allow(clippy::expect_used)] // a test in all its parts

use std::process::Command;

use can_hub::{Config, Hub};
use tokio::sync::oneshot;

/// Runs a script of tests/python against a fresh hub.
fn run(script: &str, model_time: bool) {
    let python = std::env::var("ARMATURE_TOOLS_PYTHON")
        .expect("set ARMATURE_TOOLS_PYTHON to a Python that has xtask/pins/tools.txt installed");
    let (stop, stopped) = oneshot::channel::<()>();
    let (tell, port) = std::sync::mpsc::channel();
    let hub = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let config = Config { port: 0, model_time, ..Config::default() };
            let hub = Hub::bind(config).await.expect("the hub starts");
            tell.send(hub.local_addr().expect("bound").port()).expect("the test waits");
            let handle = hub.handle();
            hub.run(async { drop(stopped.await) }).await;
            handle.statistics()
        })
    });
    let port = port.recv().expect("the hub starts").to_string();
    let path = format!("{}/../../tests/python/{script}", env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(python).args([&path, "--port", &port]).status().expect("python runs");
    let _ = stop.send(());
    let statistics = hub.join().expect("the hub ends");
    assert!(status.success(), "{script}: {status}, {statistics:?}");
}

/// Would catch: a frame glued to the `< ok >` of the handshake (python-can then refuses to join).
#[test]
fn python_can_joins_a_busy_bus_every_time() {
    run("join_hub.py", false);
}

/// Would catch: python-canopen as master and as node not finding each other through the hub.
#[test]
fn python_canopen_master_talks_to_a_python_canopen_node() {
    run("canopen_over_hub.py", false);
}

/// Would catch: a modelled wire that loses frames or starves SDO.
#[test]
fn python_canopen_works_on_the_modelled_wire_too() {
    run("canopen_over_hub.py", true);
}
