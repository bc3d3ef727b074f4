use super::*;
use vocabulary::config::ArmConfig;

struct World {
    watch: Watch,
    now: Now,
}

impl World {
    fn new() -> Self {
        let order = ArmConfig::default().joint_order().unwrap();
        let watch = Watch::new(order, "recorder", 0.3);
        Self { watch, now: Now { mono: Monotonic(0), stamp: Stamp(0) } }
    }

    fn wait(&mut self, seconds: f64) -> Vec<Notice> {
        let mut notices = Vec::new();
        for _ in 0..(seconds / 0.02).round() as usize {
            self.now.mono = self.now.mono.shifted(0.02);
            self.now.stamp = self.now.stamp.shifted(0.02);
            notices.extend(self.watch.silence(self.now));
        }
        notices
    }

    fn hear(&mut self, message: Heard) -> Vec<String> {
        let notices = self.watch.hear(self.now, "/topic", self.now.stamp, &message);
        notices
            .iter()
            .map(|n| format!("{:?} {}: {}: {}", n.level, n.by, n.subject, n.what))
            .collect()
    }

    fn beat(&mut self, boot_id: u64, health: Health) -> Vec<String> {
        let (node, message) = ("control".to_owned(), "cycle is late".to_owned());
        let pid = boot_id as u32;
        let lifecycle = Lifecycle::Active;
        let beat =
            Heartbeat { node, boot_id, pid, health, message, lifecycle, ..Default::default() };
        self.hear(Heard::Heartbeat(Box::new(beat)))
    }
}

#[test]
fn a_node_that_falls_silent_is_noticed_once_and_its_return_is_no_fault() {
    let mut w = World::new();
    w.beat(1, Health::Ok);
    assert_eq!(w.wait(0.28), []);
    let notices = w.wait(1.0);
    assert_eq!(notices.len(), 1);
    assert_eq!(notices[0].what, "no heartbeat for 0.30 s (pid 1)");
    assert_eq!((notices[0].level, notices[0].by.as_str()), (Level::Error, "recorder"));
    assert_eq!(
        w.beat(2, Health::Ok),
        ["Info recorder: control: process 1 is gone, 2 is there after 1.28 s"]
    );
    assert_eq!(w.beat(2, Health::Ok), Vec::<String>::new());
}

#[test]
fn a_restart_too_fast_for_silence_is_noticed() {
    let mut w = World::new();
    w.beat(1, Health::Ok);
    w.wait(0.1);
    assert_eq!(
        w.beat(2, Health::Ok),
        ["Error recorder: control: process 1 is gone, 2 is there after 0.10 s"]
    );
}

#[test]
fn our_own_pause_is_nobodys_silence() {
    let mut w = World::new();
    w.beat(1, Health::Ok);
    w.wait(0.1);
    w.now.mono = w.now.mono.shifted(5.0);
    assert_eq!(w.wait(0.1), []);
    w.beat(1, Health::Ok);
    assert_eq!(w.wait(0.28), []);
    assert_eq!(w.wait(1.0).len(), 1);
}

#[test]
fn health_that_gets_worse_is_told_in_the_nodes_own_words() {
    let mut w = World::new();
    w.beat(1, Health::Ok);
    assert_eq!(w.beat(1, Health::Warn), ["Warn control: control: cycle is late"]);
    assert_eq!(w.beat(1, Health::Error), ["Error control: control: cycle is late"]);
    assert_eq!(w.beat(1, Health::Ok), Vec::<String>::new());
}

#[test]
fn what_was_so_before_we_began_is_no_news() {
    let mut w = World::new();
    let hold = ArmStatus { mode: ArmMode::Hold, ..Default::default() };
    assert!(w.hear(Heard::Status(hold)).is_empty());
    let silent = ArmState { freshness: [Freshness::Silent; JOINTS], ..Default::default() };
    assert!(w.hear(Heard::Arm(Box::new(silent))).is_empty());
    assert!(w.hear(Heard::Lease(Lease { epoch: 5, ..Default::default() })).is_empty());
    assert!(w.beat(1, Health::Error).is_empty());
}

#[test]
fn a_hold_is_a_fault_and_an_enable_is_not() {
    let mut w = World::new();
    w.hear(Heard::Status(ArmStatus::default()));
    let status = |mode, reason: &str| {
        Heard::Status(ArmStatus { mode, reason: reason.to_owned(), ..Default::default() })
    };
    assert_eq!(w.hear(status(ArmMode::Enabled, "asked")), ["Info supervisor: arm: enabled: asked"]);
    assert_eq!(
        w.hear(status(ArmMode::Hold, "control lost")),
        ["Error supervisor: arm: hold: control lost"]
    );
}

#[test]
fn a_joint_that_falls_silent_and_a_joint_that_gets_hot_are_named() {
    let mut w = World::new();
    let fresh = ArmState { freshness: [Freshness::Fresh; JOINTS], ..Default::default() };
    w.hear(Heard::Arm(Box::new(fresh.clone())));
    let mut silent = fresh.clone();
    (silent.freshness[2], silent.age[2]) = (Freshness::Silent, 0.0625);
    assert_eq!(
        w.hear(Heard::Arm(Box::new(silent))),
        ["Error joint_state: joint_3: feedback is silent, 0.062 s old"]
    );
    assert_eq!(
        w.hear(Heard::Arm(Box::new(fresh))),
        ["Info joint_state: joint_3: feedback is there again"]
    );
    w.hear(Heard::Alarm(Box::default()));
    let mut hot = ThermalAlarm::default();
    hot.levels[5] = ThermalLevel::Derate;
    hot.reasons[5] = "winding 121 degC".to_owned();
    assert_eq!(
        w.hear(Heard::Alarm(Box::new(hot))),
        ["Error thermal: joint_6: derate: winding 121 degC"]
    );
}

#[test]
fn a_takeover_names_the_new_holder() {
    let mut w = World::new();
    w.beat(7, Health::Ok);
    w.hear(Heard::Lease(Lease { epoch: 5, ..Default::default() }));
    let lease = Lease { epoch: 6, holder: 7, ..Default::default() };
    assert_eq!(w.hear(Heard::Lease(lease)), ["Info supervisor: lease: epoch 6 is held by control"]);
}

#[test]
fn diagnostics_of_strangers_count_and_those_told_by_heartbeats_do_not() {
    let mut w = World::new();
    w.beat(1, Health::Ok);
    let status = |name: &str, level| DiagnosticStatus {
        name: name.to_owned(),
        level,
        message: "no light".to_owned(),
        ..Default::default()
    };
    let all = |level| {
        let status = ["camera: lens", "arm/control: health", "recorder: disk"]
            .map(|name| status(name, level));
        Heard::Diagnostics(Diagnostics { status: status.to_vec(), ..Default::default() })
    };
    assert!(w.hear(all(0)).is_empty());
    assert_eq!(w.hear(all(1)), ["Warn camera: lens: no light"]);
    assert_eq!(w.hear(all(2)), ["Error camera: lens: no light"]);
    assert!(w.hear(all(2)).is_empty());
}

#[test]
fn a_broken_message_is_refused_and_others_are_not_looked_at() {
    let order = ArmConfig::default().joint_order().unwrap();
    assert!(Heard::read(Heartbeat::NAME, &[0, 1, 0, 0, 1], &order).is_err());
    assert_eq!(Heard::read("sensor_msgs/msg/Image", &[], &order), Ok(None));
    assert!(Heard::is_watched(Lease::NAME) && !Heard::is_watched("sensor_msgs/msg/Image"));
}
