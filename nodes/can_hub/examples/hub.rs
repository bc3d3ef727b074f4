//! The hub alone, without ROS: for tools that want a bus and nothing else.

use can_hub::{Config, Hub};
use clap::Parser;

/// A CAN bus in user space that speaks socketcand.
#[derive(Parser)]
struct Arguments {
    /// Address to listen at.
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// TCP port, 0 = any free one (it is printed).
    #[arg(long, default_value_t = 29_536)]
    port: u16,
    /// Name of the bus.
    #[arg(long, default_value = "vcan0")]
    channel: String,
    /// Let frames take their time on the wire at 1 Mbit/s and arbitrate.
    #[arg(long)]
    model_time: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Arguments { host, port, channel, model_time } = Arguments::parse();
    let hub = Hub::bind(Config { host, port, channel, model_time, ..Config::default() }).await?;
    println!("listening at {}", hub.local_addr()?);
    let handle = hub.handle();
    hub.run(async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await;
    let statistics = handle.statistics();
    println!(
        "{} frames, {} clients, {} malformed messages, {} frames dropped",
        statistics.bus.frames, statistics.accepted, statistics.malformed, statistics.dropped
    );
    Ok(())
}
