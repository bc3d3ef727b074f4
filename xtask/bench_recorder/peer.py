#!/usr/bin/env python3
"""The recorder beside ours: rclpy subscriptions to every topic, taken as bytes, into the MCAP writer of
rosbags. `ros2 bag record` itself is published for no machine without ROS.

    peer.py FOLDER        ends with SIGINT
"""
import os
import signal
import sys
from pathlib import Path

import rclpy
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosidl_runtime_py.utilities import get_message

# rosbags lives in the environment of the tools, behind everything of ROS.
sys.path.append(os.environ['ARMATURE_TOOLS_SITE'])
from rosbags.rosbag2 import StoragePlugin, Writer  # noqa: E402

STOP = []


def profile(node, topic):
    """The strongest that all publishers offer."""
    offers = [info.qos_profile for info in node.get_publishers_info_by_topic(topic)]
    reliable = bool(offers) and all(o.reliability == ReliabilityPolicy.RELIABLE for o in offers)
    latched = bool(offers) and all(o.durability == DurabilityPolicy.TRANSIENT_LOCAL for o in offers)
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST, depth=1000,
        reliability=ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE)


def record(node, writer):
    """Subscribes to what appears, until somebody says stop."""
    known = {}
    clock = node.get_clock()

    def subscribe(topic, kind):
        connection = writer.add_connection(topic, kind, msgdef='', rihs01='RIHS01_' + '0' * 64)

        def write(data):
            writer.write(connection, clock.now().nanoseconds, data)

        known[topic] = node.create_subscription(
            get_message(kind), topic, write, profile(node, topic), raw=True)

    def look():
        for topic, kinds in node.get_topic_names_and_types():
            if topic not in known and node.count_publishers(topic) and '/_action/' not in topic:
                subscribe(topic, kinds[0])

    node.create_timer(0.5, look)
    look()
    while not STOP:
        rclpy.spin_once(node, timeout_sec=0.1)


def main():
    folder = Path(sys.argv[1])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: STOP.append(True))
    rclpy.init(signal_handler_options=rclpy.SignalHandlerOptions.NO)
    node = rclpy.create_node('bench_peer')
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        (folder.parent / 'peer.pid').write_text(str(os.getpid()))
        record(node, writer)
    rclpy.shutdown()


if __name__ == '__main__':
    main()
