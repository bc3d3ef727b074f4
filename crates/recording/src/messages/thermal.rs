//! Temperatures and thermal alarms.

use super::{Message, codes, fraction, same_joints, table};
use crate::cdr::{CdrError, Reader, Writer};
use vocabulary::codes::{LEVEL, SENSOR, code_of};
use vocabulary::joint::JointOrder;
use vocabulary::thermal::{ThermalAlarm, ThermalState};

impl Message for ThermalState {
    const NAME: &'static str = "armature_msgs/msg/ThermalState";

    fn read(from: &mut Reader<'_>, order: &JointOrder) -> Result<Self, CdrError> {
        let (stamp, boot_id) = (from.stamp()?, from.u64()?);
        same_joints(from, order)?;
        Ok(Self {
            stamp,
            boot_id,
            winding: from.six()?,
            winding_bound: from.six()?,
            housing: from.six()?,
            housing_bound: from.six()?,
            winding_limit: from.six()?,
            time_to_limit: from.six()?,
            load: from.six()?,
            torque_limit: from.six()?,
            speed: fraction(from, "speed")?,
            ambient: from.f64()?,
            winding_sensor: table(from, "winding_sensor", &SENSOR)?,
            housing_sensor: table(from, "housing_sensor", &SENSOR)?,
            drive_sensor: table(from, "drive_sensor", &SENSOR)?,
            telemetry_age: from.six()?,
            level: table(from, "level", &LEVEL)?,
        })
    }

    fn write(&self, to: &mut Writer, order: &JointOrder) {
        to.stamp(self.stamp);
        to.u64(self.boot_id);
        order.names().iter().for_each(|name| to.text(name));
        let heat = [&self.winding, &self.winding_bound, &self.housing, &self.housing_bound];
        heat.into_iter().for_each(|list| to.f64s(list));
        let rest = [&self.winding_limit, &self.time_to_limit, &self.load, &self.torque_limit];
        rest.into_iter().for_each(|list| to.f64s(list));
        to.f64s(&[self.speed, self.ambient]);
        let sensors = [&self.winding_sensor, &self.housing_sensor, &self.drive_sensor];
        sensors.into_iter().for_each(|list| codes(to, list, &SENSOR));
        to.f64s(&self.telemetry_age);
        codes(to, &self.level, &LEVEL);
    }
}

impl Message for ThermalAlarm {
    const NAME: &'static str = "armature_msgs/msg/ThermalAlarm";

    fn read(from: &mut Reader<'_>, _order: &JointOrder) -> Result<Self, CdrError> {
        Ok(Self {
            stamp: from.stamp()?,
            boot_id: from.u64()?,
            level: from.one_of("level", &LEVEL)?,
            levels: table(from, "levels", &LEVEL)?,
            latched: from.array(Reader::flag)?,
            reasons: from.array(Reader::text)?,
        })
    }

    fn write(&self, to: &mut Writer, _order: &JointOrder) {
        to.stamp(self.stamp);
        to.u64(self.boot_id);
        to.byte(code_of(self.level, &LEVEL));
        codes(to, &self.levels, &LEVEL);
        self.latched.iter().for_each(|latched| to.byte(*latched));
        self.reasons.iter().for_each(|reason| to.text(reason));
    }
}
