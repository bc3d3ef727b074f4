#!/usr/bin/env python3
"""A station that joins the arm, as somebody else writes it in rclpy: looks at the joints, says what it sees.

    station.py NUMBER [RATE]    publishes station/seen with RATE Hz (20), listens to joint_states

Prints `usable S` once it hears the joints, S seconds after its node was there. Ends on SIGINT or SIGTERM.
"""

import signal
import sys
import time

import rclpy
from sensor_msgs.msg import JointState
from std_msgs.msg import String


def main():
    number, rate = sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    rclpy.init(args=[])
    begin = time.monotonic()
    node = rclpy.create_node(f'station_{number}')
    heard = []

    def hear(state):
        if not heard:
            print(f'usable {time.monotonic() - begin:.3f}', flush=True)
        heard[:] = [len(heard) + 1, state]

    node.create_subscription(JointState, 'joint_states', hear, 10)
    publisher = node.create_publisher(String, 'station/seen', 10)
    node.create_timer(1.0 / rate, lambda: publisher.publish(String(data=number)))
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, SystemExit):
        pass


if __name__ == '__main__':
    main()
