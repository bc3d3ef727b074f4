#!/usr/bin/env python3
"""Keeps the arm moving until Ctrl-C, one goal after the other, and says how each ended.

    keep_moving.py [GOALS]        ends after so many; without a number never

Exit code 0 when all of them succeeded.
"""

import sys

import rclpy
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from rclpy.action import ActionClient
from trajectory_msgs.msg import JointTrajectoryPoint

JOINTS = [f'joint_{n}' for n in range(1, 7)]
WAY = [(4, [0.5, 0.2, 0.1, 0.0, 1.2, 0.4]), (8, [-0.5, 0.3, 0.0, 0.2, 1.2, -0.4]),
       (11, [0.0, 0.0, 0.0, 0.0, 1.57, 0.0])]


def wait(node, future):
    rclpy.spin_until_future_complete(node, future, timeout_sec=60.0)
    if not future.done():
        sys.exit('waited 60 s in vain: is the arm up and enabled?')
    return future.result()


def main():
    most = int(sys.argv[1]) if len(sys.argv) > 1 else None
    rclpy.init()
    node = rclpy.create_node('keep_moving')
    client = ActionClient(node, FollowJointTrajectory, 'arm_controller/follow_joint_trajectory')
    if not client.wait_for_server(timeout_sec=30.0):
        sys.exit('no arm here: nobody serves arm_controller/follow_joint_trajectory')
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = JOINTS
    goal.trajectory.points = [
        JointTrajectoryPoint(positions=position, velocities=[0.0] * 6, time_from_start=Duration(sec=at))
        for at, position in WAY]
    done = 0
    while most is None or done < most:
        handle = wait(node, client.send_goal_async(goal))
        answer = wait(node, handle.get_result_async())
        if answer.status != GoalStatus.STATUS_SUCCEEDED:
            sys.exit(f'goal {done + 1} failed: {answer.result.error_string}')
        done += 1
        print(f'{done} done', flush=True)


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        pass
