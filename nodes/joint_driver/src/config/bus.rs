//! Which bus, and how to reach it.

use can_bus::socketcand::SocketcandConfig;
use serde::Deserialize;

/// How the driver reaches the bus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// A `socketcand` server: can_hub, or a gateway.
    #[default]
    Socketcand,
    /// A network interface of the kernel.
    Socketcan,
}

/// One CAN bus.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusConfig {
    /// How to reach it.
    pub transport: Transport,
    /// Network interface, for `socketcan`.
    pub interface: String,
    /// Host of the `socketcand` server.
    pub host: String,
    /// Port of the `socketcand` server.
    pub port: u16,
    /// Name of the bus at the `socketcand` server.
    pub channel: String,
    /// Bits per second, for the load.
    pub bitrate: u32,
    /// Drives on this bus, whoever drives them, for the load.
    pub drives: u32,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            transport: Transport::default(),
            interface: "can0".to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 29536,
            channel: "vcan0".to_owned(),
            bitrate: 1_000_000,
            drives: 6,
        }
    }
}

impl BusConfig {
    /// What the host opens.
    #[must_use]
    pub fn to_open(&self) -> can_bus::bus::BusConfig {
        match self.transport {
            Transport::Socketcan => {
                can_bus::bus::BusConfig::Socketcan { interface: self.interface.clone() }
            }
            Transport::Socketcand => can_bus::bus::BusConfig::Socketcand(SocketcandConfig {
                host: self.host.clone(),
                port: self.port,
                channel: self.channel.clone(),
            }),
        }
    }

    /// The bus as people call it.
    #[must_use]
    pub fn name(&self) -> String {
        match self.transport {
            Transport::Socketcan => self.interface.clone(),
            Transport::Socketcand => {
                format!("{} (socketcand {}:{})", self.channel, self.host, self.port)
            }
        }
    }
}
