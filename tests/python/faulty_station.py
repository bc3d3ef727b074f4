#!/usr/bin/env python3
"""A station with a bad habit, on purpose.

    faulty_station.py NAME HABIT

HABIT: pass, fail, hang, nan, other_part, give_up, slow; or in its descriptor: newer_minor, other_major,
other_name, id_of:NAME, no_capability. Prints `node` just before its node is created, and `asked ORDER PART`
for each order that it works on.
"""

import sys
import threading
import time

from armature_msgs.msg import StationDescriptor
from armature_station import FAIL, PASS, GiveUp, Result, Station, main

HABIT = sys.argv[2] if len(sys.argv) > 2 else 'pass'


class Faulty(Station):
    KIND = 'example'
    CAPABILITIES = ['inspect_surface']

    def __init__(self, name, **options):
        print('node', flush=True)
        owner = HABIT.removeprefix('id_of:') if HABIT.startswith('id_of:') else None
        super().__init__(name, id=owner, **options)

    def describe(self):
        descriptor = StationDescriptor(
            version_major=StationDescriptor.MAJOR, version_minor=StationDescriptor.MINOR,
            id=self.id, name=self.station, boot_id=self.boot_id, kind=self.KIND,
            capabilities=self.CAPABILITIES, heartbeat_period=self.HEARTBEAT_PERIOD)
        if HABIT == 'newer_minor':
            descriptor.version_minor += 7
        elif HABIT == 'other_major':
            descriptor.version_major += 1
        elif HABIT == 'other_name':
            descriptor.name = 'somebody_else'
        elif HABIT == 'no_capability':
            descriptor.capabilities = []
        self._descriptor_publisher.publish(descriptor)

    def work(self, order):
        print(f'asked {order.name} {order.part}', flush=True)
        if HABIT == 'hang':
            threading.Event().wait()
        if HABIT == 'give_up':
            raise GiveUp('the lamp is broken')
        if HABIT == 'slow':
            time.sleep(0.5)
        if HABIT == 'other_part':
            order.part = 'another'
        value = float('nan') if HABIT == 'nan' else 0.5
        return Result(FAIL if HABIT == 'fail' else PASS, HABIT, {'width': (value, 'm')})


if __name__ == '__main__':
    sys.exit(main(Faulty, 'faulty'))
