//! Messages as bytes, for the recording.
//!
//! The one rule: every field that a node can see is in the bytes, to the last bit, so that two runs
//! with equal recordings were equal runs. The form is private and may change.

use crate::message::Message;
use joint_state::{DynamicJointStates, JointStates};
use motion::{Event, GoalEvent, GoalRequest};
use vocabulary::arm::{ArmState, ArmStatus, Derating};
use vocabulary::command::{JointCommand, JointFeedback, JointTelemetry, Lease};
use vocabulary::handover::HandOver;
use vocabulary::health::Heartbeat;
use vocabulary::plan::{ControlState, MotionPlan, Tolerance};
use vocabulary::thermal::{ThermalAlarm, ThermalState};

/// Takes bytes.
pub trait Sink {
    /// Appends.
    fn bytes(&mut self, bytes: &[u8]);

    /// Appends a number.
    fn int(&mut self, value: u64) {
        self.bytes(&value.to_le_bytes());
    }

    /// Appends the bits of a number.
    fn float(&mut self, value: f64) {
        self.int(value.to_bits());
    }

    /// Appends the bits of some numbers.
    fn floats(&mut self, values: &[f64]) {
        self.int(values.len() as u64);
        values.iter().for_each(|value| self.float(*value));
    }

    /// Appends a text with its length.
    fn text(&mut self, text: &str) {
        self.int(text.len() as u64);
        self.bytes(text.as_bytes());
    }
}

/// Appends a message.
pub fn encode(message: &Message, to: &mut impl Sink) {
    to.bytes(&[message.channel().kind()]);
    match message {
        Message::Command(m) => command(m, to),
        Message::Feedback(m) => feedback(m, to),
        Message::Telemetry(m) => telemetry(m, to),
        Message::Plan(m) => plan(m, to),
        Message::Control(m) => control(m, to),
        Message::Lease(m) => lease(m, to),
        Message::Heartbeat(m) => heartbeat(m, to),
        Message::Status(m) => status(m, to),
        Message::ArmState(m) => arm_state(m, to),
        Message::JointStates(m) => joint_states(m, to),
        Message::DynamicJointStates(m) => dynamic(m, to),
        Message::SpeedScaling(factor) => to.float(*factor),
        Message::Settings(m) => to.text(&format!("{m:?}")),
        Message::Parameters(m) => to.text(&format!("{m:?}")),
        Message::Request(m) => [m.id, m.kind as u64].into_iter().for_each(|x| to.int(x)),
        Message::Response(m) => {
            to.int(m.id);
            to.int(m.success.into());
            to.text(&m.message);
        }
        Message::Goal(m) => goal(m, to),
        Message::Cancel(id) => to.bytes(id),
        Message::GoalEvent(m) => goal_event(m, to),
        Message::Thermal(m) => thermal_state(m, to),
        Message::ThermalAlarm(m) => thermal_alarm(m, to),
        Message::Derating(m) => derating(m, to),
        Message::HandOver(m) => handover(m, to),
        Message::HandOverRequest(m) => {
            to.int(m.id);
            to.text(&m.to);
            to.float(m.canary);
        }
        Message::HandOverResponse(m) => {
            [m.id, m.success.into(), m.epoch].into_iter().for_each(|x| to.int(x));
            to.text(&m.message);
            to.float(m.gap);
        }
    }
}

fn command(m: &JointCommand, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    let times = [m.boot_id, m.epoch, m.sequence, m.sent_at.0, m.setpoint_at.0];
    times.into_iter().for_each(|x| to.int(x));
    to.int(m.valid_for.as_nanos() as u64);
    to.int(m.joint_order);
    to.int(m.mode as u64);
    to.int(m.yields.into());
    [&m.position, &m.velocity, &m.acceleration, &m.effort].into_iter().for_each(|x| to.floats(x));
}

fn feedback(m: &JointFeedback, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    let head = [m.sampled_at.0, m.setpoint_at.0, m.joint as u64, m.boot_id, m.sequence];
    head.into_iter().for_each(|x| to.int(x));
    to.floats(&[m.position, m.velocity, m.effort, m.setpoint_position, m.setpoint_velocity]);
    let commands = [m.applied_epoch, m.applied_sequence, m.lease_epoch, m.lease_holder];
    commands.into_iter().for_each(|x| to.int(x));
    let state = [m.drive as u64, m.driver as u64];
    state.into_iter().for_each(|x| to.int(x));
    to.int(u64::from(m.faults) << 16 | u64::from(m.error_code));
}

fn telemetry(m: &JointTelemetry, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    to.int(m.joint as u64);
    to.int(m.boot_id);
    let heat = [m.winding_temperature, m.housing_temperature, m.drive_temperature];
    to.floats(&heat);
    to.floats(&[m.current, m.voltage]);
    let counts = [m.bus_received, m.bus_sent, m.bus_dropped, m.bus_errors];
    counts.into_iter().chain(m.refused).for_each(|x| to.int(x));
}

fn plan(m: &MotionPlan, to: &mut impl Sink) {
    to.int(m.issued.stamp.0 as u64);
    let head =
        [m.plan_id, m.revision.into(), m.permit, m.issued.epoch, m.action as u64, m.start.0 as u64];
    head.into_iter().for_each(|x| to.int(x));
    to.float(m.from_path_time);
    for waypoint in m.waypoints.iter() {
        to.float(waypoint.time);
        to.floats(&waypoint.position);
        to.floats(waypoint.velocity.as_ref().map_or(&[], |x| x));
        to.floats(waypoint.acceleration.as_ref().map_or(&[], |x| x));
    }
    for Tolerance { position, velocity } in m.path_tolerance.iter().chain(&m.goal_tolerance) {
        to.floats(&[*position, *velocity]);
    }
    to.float(m.goal_time);
}

fn control(m: &ControlState, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    let head = [m.reference_at.0, m.boot_id, m.epoch, m.plan_id, m.revision.into()];
    head.into_iter().for_each(|x| to.int(x));
    to.int(m.phase as u64);
    to.floats(&[m.path_time, m.path_duration, m.speed_scaling]);
    to.floats(&m.reference_position);
    to.floats(&m.reference_velocity);
    to.floats(&m.reference_acceleration);
    to.floats(&m.feedback_position);
    to.floats(&m.feedback_velocity);
    to.floats(&m.error_position);
    to.floats(&m.output_effort);
    if let Some(v) = &m.violation {
        to.int(v.joint as u64 | u64::from(v.at_goal) << 8 | u64::from(v.velocity) << 9);
        to.floats(&[v.error, v.limit, v.path_time]);
    }
    to.int(m.found_bad.into());
    to.text(&m.reason);
}

fn handover(m: &HandOver, to: &mut impl Sink) {
    let head = [m.boot_id, m.epoch, m.sequence, m.reference_at.0, m.plan_id, m.revision.into()];
    head.into_iter().chain([m.phase as u64]).for_each(|x| to.int(x));
    to.floats(&[m.path_time, m.path_speed, m.speed_scaling]);
    let values = [&m.position, &m.velocity, &m.acceleration, &m.integral, &m.effort];
    values.into_iter().for_each(|x| to.floats(x));
    m.tracking.iter().for_each(|x| to.int((*x).into()));
    to.text(m.law);
    to.text(m.version);
}

fn lease(m: &Lease, to: &mut impl Sink) {
    [m.epoch, m.holder, m.successor, m.since.0 as u64].into_iter().for_each(|x| to.int(x));
    to.int(u64::from(m.transfer) << 1 | u64::from(m.probation));
}

fn heartbeat(m: &Heartbeat, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    to.text(&m.node);
    let head = [m.boot_id, m.pid.into(), m.sequence, m.lifecycle as u64, m.health as u64];
    head.into_iter().for_each(|x| to.int(x));
    to.text(&m.message);
    to.int(m.resume_required.into());
    let c = &m.cycles;
    [c.count, c.late, c.refused].into_iter().for_each(|x| to.int(x));
    to.floats(&[c.period, c.worst_lateness, m.cpu_time]);
}

fn status(m: &ArmStatus, to: &mut impl Sink) {
    [m.stamp.0 as u64, m.mode as u64, m.permit, m.fault_reset].into_iter().for_each(|x| to.int(x));
    to.text(&m.reason);
}

fn arm_state(m: &ArmState, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    let values = [&m.age, &m.position, &m.velocity, &m.effort, &m.temperature];
    values.into_iter().for_each(|x| to.floats(x));
    m.freshness.iter().for_each(|x| to.int(*x as u64));
    m.drive.iter().for_each(|x| to.int(*x as u64));
    m.driver.iter().for_each(|x| to.int(*x as u64));
}

fn joint_states(m: &JointStates, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    m.joints.iter().for_each(|x| to.int(*x as u64));
    [&m.position, &m.velocity, &m.effort].into_iter().for_each(|x| to.floats(x));
}

fn dynamic(m: &DynamicJointStates, to: &mut impl Sink) {
    to.int(m.stamp.0 as u64);
    m.joints.iter().for_each(|x| to.floats(x));
}

fn goal(m: &GoalRequest, to: &mut impl Sink) {
    to.bytes(&m.id);
    to.int(m.trajectory.stamp.0 as u64);
    m.trajectory.joint_names.iter().for_each(|x| to.text(x));
    for p in &m.trajectory.points {
        let lists = [&p.positions, &p.velocities, &p.accelerations, &p.effort];
        lists.into_iter().for_each(|x| to.floats(x));
        to.float(p.time_from_start);
    }
    for t in m.path_tolerance.iter().chain(&m.goal_tolerance) {
        to.text(&t.name);
        to.floats(&[t.position, t.velocity]);
    }
    to.float(m.goal_time_tolerance);
}

fn goal_event(m: &GoalEvent, to: &mut impl Sink) {
    to.bytes(&m.id);
    match &m.event {
        Event::Accepted => to.int(0),
        Event::Feedback(f) => {
            to.int(f.stamp.0 as u64);
            let desired = [&f.desired.position, &f.desired.velocity, &f.desired.acceleration];
            desired.into_iter().for_each(|x| to.floats(x));
            let actual = [&f.actual_position, &f.actual_velocity, &f.error_position];
            actual.into_iter().for_each(|x| to.floats(x));
            to.float(f.path_time);
        }
        Event::Succeeded { text } | Event::Canceled { text } => to.text(text),
        Event::Aborted { code, text } => {
            to.int(i64::from(*code) as u64);
            to.text(text);
        }
    }
}

fn thermal_state(m: &ThermalState, to: &mut impl Sink) {
    [m.stamp.0 as u64, m.boot_id].into_iter().for_each(|x| to.int(x));
    let lists = [&m.winding, &m.winding_bound, &m.housing, &m.housing_bound, &m.winding_limit];
    lists.into_iter().for_each(|x| to.floats(x));
    let lists = [&m.time_to_limit, &m.load, &m.torque_limit, &m.telemetry_age];
    lists.into_iter().for_each(|x| to.floats(x));
    to.floats(&[m.speed, m.ambient]);
    let sensors = [&m.winding_sensor, &m.housing_sensor, &m.drive_sensor];
    sensors.into_iter().flatten().for_each(|x| to.int(*x as u64));
    m.level.iter().for_each(|x| to.int(*x as u64));
}

fn thermal_alarm(m: &ThermalAlarm, to: &mut impl Sink) {
    [m.stamp.0 as u64, m.boot_id, m.level as u64].into_iter().for_each(|x| to.int(x));
    m.levels.iter().for_each(|x| to.int(*x as u64));
    m.latched.iter().for_each(|x| to.int((*x).into()));
    m.reasons.iter().for_each(|x| to.text(x));
}

fn derating(m: &Derating, to: &mut impl Sink) {
    [m.stamp.0 as u64, m.boot_id, m.stop.into()].into_iter().for_each(|x| to.int(x));
    to.floats(&m.torque);
    to.float(m.speed);
}
