//! Jogging with a control that drives courses as ours does.

mod bench;
mod refusals;
mod situations;

use collision::Shape;
use proptest::prelude::*;

use super::JogState;
use crate::situations::HOME;
use bench::{Bench, joints, twist};

#[derive(Debug, Clone)]
enum Act {
    Joints([f64; 6]),
    Twist([f64; 3], [f64; 3], bool),
    Nothing,
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        prop::array::uniform6(-1.2..1.2).prop_map(Act::Joints),
        (prop::array::uniform3(-0.4..0.4), prop::array::uniform3(-1.0..1.0), any::<bool>())
            .prop_map(|(linear, angular, tool)| Act::Twist(linear, angular, tool)),
        Just(Act::Nothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_commanded_limits_and_padding_are_kept_and_the_arm_stops(
        acts in prop::collection::vec((acts(), 0.04..0.8), 1..7),
        late in prop_oneof![Just(0.0), 0.0..0.012],
    ) {
        let mut bench = Bench::new(HOME, |scene| {
            let shape = Shape::cuboid("crate", [0.15; 3]).unwrap();
            let place = collision::pose("crate", [0.6, 0.25, 0.15], [0.0, 0.0, 0.0, 1.0]).unwrap();
            scene.add("crate", place, shape).unwrap();
        });
        bench.late = late;
        for (act, time) in acts {
            let command = match act {
                Act::Joints(speeds) => Some(joints(&speeds)),
                Act::Twist(linear, angular, tool) => {
                    Some(twist(if tool { "tool0" } else { "" }, linear, angular))
                }
                Act::Nothing => None,
            };
            bench.stream(command, time);
        }
        bench.stream(None, 2.0);
        bench.assert_kept();
        prop_assert!(bench.is_at_rest(), "{:?}", bench.reference());
        prop_assert_eq!(bench.status().state, JogState::Idle);
    }
}
