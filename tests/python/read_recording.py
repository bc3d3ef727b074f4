#!/usr/bin/env python3
"""Reads one recording with two libraries of other people, as it is, and prints what they find as JSON.

rosbags builds its own index when the file has none; mcap reads from the front then. Both decode the
messages by the schemas in the file; what mcap_ros2 has no name for, rosbags alone decodes.
"""
import json
import sys
import time
from pathlib import Path


def by_rosbags(path):
    from rosbags.highlevel import AnyReader

    counts, newest, decoded = {}, 0, set()
    with AnyReader([Path(path)]) as reader:
        for connection, stamp, raw in reader.messages():
            counts[connection.topic] = counts.get(connection.topic, 0) + 1
            newest = max(newest, stamp)
            if connection.msgtype not in decoded:
                reader.deserialize(raw, connection.msgtype)
                decoded.add(connection.msgtype)
        qos = {c.topic: len(c.ext.offered_qos_profiles) for c in reader.connections}
    return {"counts": counts, "newest": newest, "decoded": sorted(decoded), "qos": qos}


def has_name(kind):
    """Whether mcap_ros2 takes the name of a type: it refuses underscores, which the messages of
    actions have (`FollowJointTrajectory_FeedbackMessage`)."""
    return "_" not in kind.rsplit("/", 1)[-1]


def by_mcap(path):
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    counts, newest, decoded = {}, 0, set()
    with open(path, "rb") as file:
        reader = make_reader(file, validate_crcs=True)
        factory = DecoderFactory()
        for schema, channel, message in reader.iter_messages():
            counts[channel.topic] = counts.get(channel.topic, 0) + 1
            newest = max(newest, message.log_time)
            if schema.name not in decoded and has_name(schema.name):
                factory.decoder_for(channel.message_encoding, schema)(message.data)
                decoded.add(schema.name)
        profile = reader.get_header().profile
    return {"counts": counts, "newest": newest, "decoded": sorted(decoded), "profile": profile}


if __name__ == "__main__":
    start = time.monotonic()
    found = {"rosbags": by_rosbags(sys.argv[1]), "mcap": by_mcap(sys.argv[1])}
    found["seconds"] = time.monotonic() - start
    print(json.dumps(found))
