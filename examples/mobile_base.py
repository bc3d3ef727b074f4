#!/usr/bin/env python3
"""A second robot: a mobile base that comes to the arm, asks it for a part and waits for it.

    mobile_base.py [--part NAME] [--at X Y Z] [--hand-over X Y Z] [--patience S]

Plain rclpy and the arm's public interface (docs/api.md), nothing else: `arm/status` says whether the arm
may move, `planning/scene` tells it where the part lies, `planning/move_to` moves it. The base gives no
"yes" of its own: an arm that is not enabled stays where it is, and the base says why and leaves.

Exit code 0 with the part handed over; 1 without, after a sentence that says what was wrong.
"""

import argparse
import sys

import rclpy
from action_msgs.msg import GoalStatus
from armature_msgs.action import MoveTo
from armature_msgs.msg import ArmStatus, MotionTarget, PlanOutcome, SceneObject
from armature_msgs.srv import EditScene
from geometry_msgs.msg import Point, Pose, Quaternion
from rclpy.action import ActionClient
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
TOOL_DOWN = Quaternion(x=0.0, y=1.0, z=0.0, w=0.0)    # z of the tip down, its x to the base
RADIUS = 0.03    # [m] of the part
REACH = 0.10     # [m] from the tip down to the part: how the gripper holds it


class NotServed(Exception):
    """Why the base leaves without a part."""


class MobileBase:
    """What the base knows of the arm, and what it asks of it."""

    def __init__(self, node, patience):
        self.node, self.patience, self.status = node, patience, None
        node.create_subscription(ArmStatus, 'arm/status', self.hear, LATCHED)
        self.scene = node.create_client(EditScene, 'planning/scene')
        self.mover = ActionClient(node, MoveTo, 'planning/move_to')

    def hear(self, status):
        self.status = status

    def say(self, text):
        print(f'base: {text}', flush=True)

    def wait(self, future, what):
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=self.patience)
        if not future.done():
            raise NotServed(f'waited {self.patience:g} s in vain for {what}')
        return future.result()

    def find_arm(self):
        """Waits until the arm serves, and looks whether it may move."""
        for client, what in (self.scene.wait_for_service, 'planning/scene'), \
                (self.mover.wait_for_server, 'planning/move_to'):
            if not client(timeout_sec=self.patience):
                raise NotServed(f'no arm here: nobody serves {what}')
        for _ in range(int(self.patience * 10)):
            if self.status is not None:
                break
            rclpy.spin_once(self.node, timeout_sec=0.1)
        else:
            raise NotServed('nobody says on arm/status whether the arm may move')
        if self.status.mode != ArmStatus.ENABLED:
            raise NotServed(f'the arm may not move: {self.status.reason}')

    def edit(self, action, part, **more):
        request = EditScene.Request(action=action, object=SceneObject(name=part, **more))
        answer = self.wait(self.scene.call_async(request), 'planning/scene')
        if not answer.success:
            raise NotServed(f'planning/scene: {answer.message}')
        return answer

    def move(self, where, what):
        """Has the tip brought to a place, the tool pointing down; waits until it is there."""
        goal = MoveTo.Goal()
        goal.target.kind = MotionTarget.POSE
        goal.target.pose.pose = Pose(position=Point(**dict(zip('xyz', where))), orientation=TOOL_DOWN)
        handle = self.wait(self.mover.send_goal_async(goal), 'an answer of planning/move_to')
        if not handle.accepted:
            raise NotServed('planning/move_to serves somebody else')
        future = handle.get_result_async()
        try:
            answer = self.wait(future, what)
        except NotServed:
            # Who leaves says so: the arm stops smoothly instead of holding a part out to nobody.
            rclpy.spin_until_future_complete(self.node, handle.cancel_goal_async(), timeout_sec=2.0)
            raise
        outcome = answer.result.outcome
        if answer.status == GoalStatus.STATUS_SUCCEEDED or outcome.code == PlanOutcome.ALREADY_THERE:
            self.say(f'{what}: done in {answer.result.duration:.1f} s')
            return
        raise NotServed(f'{what}: code {outcome.code}, {outcome.message}')


def fetch(base, part, lies, meets):
    """The whole visit."""
    base.find_arm()
    below = Point(x=lies[0], y=lies[1], z=lies[2] - REACH)
    base.edit(EditScene.Request.ADD, part, shape=SceneObject.SPHERE, dimensions=[RADIUS],
              pose=Pose(position=below, orientation=Quaternion(w=1.0)))
    try:
        base.move(lies, f'the arm goes for {part}')
        base.edit(EditScene.Request.ATTACH, part)
        base.move(meets, f'the arm brings {part}')
        base.edit(EditScene.Request.DETACH, part)
        base.say(f'I have {part}, thank you')
    finally:
        # What the base told the arm of goes with the base.
        base.edit(EditScene.Request.REMOVE, part)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--part', default='bearing')
    parser.add_argument('--at', nargs=3, type=float, default=[0.45, 0.30, 0.30],
                        help='where the tip takes the part, m in base_link')
    parser.add_argument('--hand-over', nargs=3, type=float, default=[0.45, -0.30, 0.30],
                        help='where the base waits for it')
    parser.add_argument('--patience', type=float, default=30.0, help='s for each step')
    asked = parser.parse_args()
    rclpy.init(args=[])
    base = MobileBase(rclpy.create_node('mobile_base'), asked.patience)
    try:
        fetch(base, asked.part, asked.at, asked.hand_over)
    except NotServed as why:
        sys.exit(f'base: I leave without a part: {why}')


if __name__ == '__main__':
    main()
