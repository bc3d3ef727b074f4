#!/usr/bin/env python3
"""A client of FollowJointTrajectory as any ROS user writes it, in rclpy, without our code.

    follow_trajectory.py        moves joint_6 there and back; then sends a goal with a wrong joint

Exit code 0 when the good goal succeeds and the bad one is aborted with code and text.
"""

import sys

import rclpy
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectoryPoint

JOINTS = [f'joint_{n}' for n in range(1, 7)]


def wait(node, future, what, seconds):
    """The result of a future, or the end of the program."""
    rclpy.spin_until_future_complete(node, future, timeout_sec=seconds)
    if not future.done():
        sys.exit(f'waited {seconds} s in vain for {what}')
    return future.result()


def positions(node):
    """The present joint positions by name."""
    heard = {}
    subscription = node.create_subscription(
        JointState, 'joint_states', lambda m: heard.update(zip(m.name, m.position)), 10)
    for _ in range(100):
        rclpy.spin_once(node, timeout_sec=0.1)
        if len(heard) == len(JOINTS):
            break
    else:
        sys.exit(f'joint_states never had all joints, only {sorted(heard)}')
    node.destroy_subscription(subscription)
    return [heard[name] for name in JOINTS]


def run(node, client, names, points):
    """Sends a goal; its status, result and the number of feedback messages."""
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = names
    for seconds, position in points:
        goal.trajectory.points.append(JointTrajectoryPoint(
            positions=position, velocities=[0.0] * len(position),
            time_from_start=Duration(sec=int(seconds), nanosec=int(seconds % 1 * 1e9))))
    feedback = []
    handle = wait(node, client.send_goal_async(goal, feedback_callback=feedback.append),
                  'the acceptance', 5)
    if not handle.accepted:
        sys.exit('the goal was rejected: a rejected goal carries no reason')
    answer = wait(node, handle.get_result_async(), 'the result', 20)
    return answer.status, answer.result, len(feedback)


def main():
    rclpy.init()
    node = rclpy.create_node('rclpy_client')
    client = ActionClient(node, FollowJointTrajectory, 'arm_controller/follow_joint_trajectory')
    if not client.wait_for_server(timeout_sec=10):
        sys.exit('no action server')
    start = positions(node)
    there = start[:5] + [start[5] + 0.5]
    status, result, feedback = run(node, client, JOINTS, [(1.0, there), (2.0, start)])
    print(f'good goal: status {status}, code {result.error_code}, {feedback} feedback messages')
    if status != GoalStatus.STATUS_SUCCEEDED or result.error_code != 0 or feedback < 10:
        sys.exit(f'the good goal failed: {result.error_string}')
    status, result, _ = run(node, client, JOINTS[:5] + ['elbow'], [(1.0, there)])
    print(f'bad goal: status {status}, code {result.error_code}: {result.error_string}')
    if status != GoalStatus.STATUS_ABORTED or result.error_code != result.INVALID_JOINTS:
        sys.exit('a goal with an unknown joint was not aborted with INVALID_JOINTS')
    if 'elbow' not in result.error_string:
        sys.exit('the refusal does not name the joint')
    rclpy.shutdown()


if __name__ == '__main__':
    main()
