//! Requests of `~/inject_bus_fault`.
//!
//! The rule: a request is carried out as it stands or refused with what would be allowed.

use crate::{BusFault, FaultKind, HubHandle, Select};
use can_bus::frame::Frame;
use r2r::armature_msgs::srv::InjectBusFault;
use std::time::Duration;

/// `can_id` of a request that means every identifier.
const EVERY_ID: u32 = u32::MAX;
/// Bits of a standard identifier.
const STANDARD: u32 = 0x7FF;

/// Makes the bus misbehave; answers what is injected now, or what is wrong with the request.
pub fn inject(hub: &HubHandle, request: &InjectBusFault::Request) -> Result<String, String> {
    match request.kind.as_str() {
        "none" => {
            hub.clear_faults();
            return Ok("no bus fault is injected now".to_owned());
        }
        "cut" => {
            let clients = hub.statistics().clients;
            let cut = clients.iter().filter(|client| hub.cut(client.id)).count();
            return Ok(format!("{cut} connections are cut"));
        }
        _ => {}
    }
    let lasting = duration(request.duration, "duration")?;
    let select = Select { id: identifier(request.can_id), ..Select::default() };
    let fault = BusFault { kind: kind(request)?, select, until: None };
    let _ends_by_time_or_clear = hub.add_fault(fault, (!lasting.is_zero()).then_some(lasting));
    let time =
        if lasting.is_zero() { "until cleared".to_owned() } else { format!("for {lasting:?}") };
    Ok(format!("{} {} {time}", request.kind, request.amount))
}

fn kind(request: &InjectBusFault::Request) -> Result<FaultKind, String> {
    let amount = request.amount;
    let probability = || match (0.0..=1.0).contains(&amount) {
        true => Ok(amount),
        false => Err(format!("amount {amount} is no probability: 0 to 1")),
    };
    match request.kind.as_str() {
        "loss" => Ok(FaultKind::Loss { probability: probability()? }),
        "duplicate" => Ok(FaultKind::Duplicate { probability: probability()? }),
        "delay" => Ok(FaultKind::Delay {
            probability: 1.0,
            delay: duration(amount, "amount")?,
            jitter: Duration::ZERO,
        }),
        "bus_off" => Ok(FaultKind::BusOff),
        "tx_full" => Ok(FaultKind::TxFull),
        "babble" if amount > 0.0 && amount <= 20_000.0 => {
            let id = u16::try_from(request.can_id & STANDARD).unwrap_or_default();
            let frame = Frame::standard(id, &[0; 8]).map_err(|error| error.to_string())?;
            Ok(FaultKind::Babble { frame, rate: amount })
        }
        "babble" => Err(format!("amount {amount} Hz is out of range: above 0, to 20000")),
        other => Err(format!(
            "kind {other:?} is unknown: none, loss, delay, duplicate, bus_off, tx_full, babble, cut"
        )),
    }
}

fn identifier(can_id: u32) -> Option<(u32, u32)> {
    (can_id != EVERY_ID).then_some((can_id, u32::MAX))
}

fn duration(seconds: f64, what: &str) -> Result<Duration, String> {
    let allowed = (0.0..=3600.0).contains(&seconds);
    let refused = || format!("{what} {seconds} s is out of range: 0 to 3600");
    if allowed { Ok(Duration::from_secs_f64(seconds)) } else { Err(refused()) }
}
