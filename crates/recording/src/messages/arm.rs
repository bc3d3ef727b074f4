//! The arm as a whole: status, state, derating, the lease.

use super::{Message, codes, finite, fraction, same_joints, table};
use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::codes::{DRIVE, DRIVER, FRESHNESS, MODE, code_of};
use vocabulary::command::Lease;
use vocabulary::joint::JointOrder;

impl Message for ArmStatus {
    const NAME: &'static str = "armature_msgs/msg/ArmStatus";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            mode: from.one_of("mode", &MODE)?,
            permit: from.u64()?,
            fault_reset: from.u64()?,
            reason: from.text()?,
        })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        to.byte(code_of(self.mode, &MODE));
        to.u64(self.permit);
        to.u64(self.fault_reset);
        to.text(&self.reason);
    }
}

impl Message for ArmState {
    const NAME: &'static str = "armature_msgs/msg/ArmState";

    fn read(from: &mut Reader<'_>, order: &JointOrder) -> Result<Self, CdrError> {
        let stamp = from.stamp()?;
        same_joints(from, order)?;
        Ok(Self {
            stamp,
            age: from.six()?,
            freshness: table(from, "freshness", &FRESHNESS)?,
            position: from.six()?,
            velocity: from.six()?,
            effort: from.six()?,
            temperature: from.six()?,
            drive: table(from, "drive_state", &DRIVE)?,
            driver: table(from, "driver_state", &DRIVER)?,
        })
    }

    fn write(&self, to: &mut Writer, order: &JointOrder) {
        to.stamp(self.stamp);
        order.names().iter().for_each(|name| to.text(name));
        to.f64s(&self.age);
        codes(to, &self.freshness, &FRESHNESS);
        let lists = [&self.position, &self.velocity, &self.effort, &self.temperature];
        lists.into_iter().for_each(|list| to.f64s(list));
        codes(to, &self.drive, &DRIVE);
        codes(to, &self.driver, &DRIVER);
    }
}

impl Message for Derating {
    const NAME: &'static str = "armature_msgs/msg/Derating";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        let (stamp, boot_id, stop) = (from.stamp()?, from.u64()?, from.flag()?);
        let torque = finite(from, "torque")?;
        if let Some(bad) = torque.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(CdrError::Value { field: "torque", value: bad.to_string() });
        }
        Ok(Self { stamp, boot_id, stop, torque, speed: fraction(from, "speed")? })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        to.u64(self.boot_id);
        to.byte(self.stop);
        to.f64s(&self.torque);
        to.f64(self.speed);
    }
}

impl Message for Lease {
    const NAME: &'static str = "armature_msgs/msg/Lease";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            epoch: from.u64()?,
            holder: from.u64()?,
            successor: from.u64()?,
            transfer: from.flag()?,
            probation: from.flag()?,
            since: from.stamp()?,
        })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        [self.epoch, self.holder, self.successor].into_iter().for_each(|value| to.u64(value));
        to.byte(self.transfer);
        to.byte(self.probation);
        to.stamp(self.since);
    }
}
