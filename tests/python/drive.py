#!/usr/bin/env python3
"""A CiA 402 drive played by python-canopen: what our joint_driver must be able to enable and move.

The node is python-canopen's LocalNode with an object dictionary made here in code. LocalNode does
not answer SYNC, apply received PDOs, or run a state machine: that is done below, to the letter of
the standard and without any of our code.

    drive.py --port 29536 --node 1 [--seconds 30]

Prints one line per change of state, and `position <counts>` twice a second.
"""

import argparse
import struct
import sys
import threading
import time

import can
import canopen
from canopen.objectdictionary import (INTEGER8, INTEGER16, INTEGER32, UNSIGNED8, UNSIGNED16,
                                      UNSIGNED32, ODArray, ODRecord, ODVariable, ObjectDictionary)

SWITCH_ON_DISABLED, READY, SWITCHED_ON, ENABLED = 0x40, 0x21, 0x23, 0x27
NAMES = {SWITCH_ON_DISABLED: 'switch on disabled', READY: 'ready to switch on',
         SWITCHED_ON: 'switched on', ENABLED: 'operation enabled'}
ON_WIRE = {INTEGER8: 'b', INTEGER16: 'h', INTEGER32: 'i', UNSIGNED8: 'B', UNSIGNED16: 'H',
           UNSIGNED32: 'I'}


def variable(index, sub, kind, value=0, access='rw'):
    """An object dictionary entry with a value."""
    entry = ODVariable(f'x{index:04X}_{sub}', index, sub)
    entry.data_type, entry.access_type, entry.default = kind, access, value
    entry.pdo_mappable = True
    return entry


def record(index, kinds, array=False):
    """An entry with subindices; kinds are (type, value) from sub 0."""
    entry = (ODArray if array else ODRecord)(f'x{index:04X}', index)
    for sub, (kind, value) in enumerate(kinds):
        entry.add_member(variable(index, sub, kind, value))
    return entry


def dictionary(node):
    """The objects of the drive."""
    od = ObjectDictionary()
    singles = [(0x1000, UNSIGNED32, 0x00020192), (0x1001, UNSIGNED8, 0), (0x1005, UNSIGNED32, 0x80),
               (0x1017, UNSIGNED16, 0), (0x6007, INTEGER16, 0), (0x603F, UNSIGNED16, 0),
               (0x6040, UNSIGNED16, 0), (0x6041, UNSIGNED16, SWITCH_ON_DISABLED),
               (0x605A, INTEGER16, 2), (0x605E, INTEGER16, 2), (0x6060, INTEGER8, 0),
               (0x6061, INTEGER8, 0), (0x6064, INTEGER32, 12345), (0x6065, UNSIGNED32, 0),
               (0x606C, INTEGER32, 0), (0x6071, INTEGER16, 0), (0x6072, UNSIGNED16, 1000),
               (0x6077, INTEGER16, 0), (0x607A, INTEGER32, 0), (0x60B2, INTEGER16, 0),
               (0x6502, UNSIGNED32, 0x80)]
    for index, kind, value in singles:
        od.add_object(variable(index, 0, kind, value))
    od.add_object(record(0x1003, [(UNSIGNED8, 0), (UNSIGNED32, 0)]))
    od.add_object(record(0x1016, [(UNSIGNED8, 1), (UNSIGNED32, 0)], array=True))
    od.add_object(record(0x1018, [(UNSIGNED8, 4), (UNSIGNED32, 0x2A), (UNSIGNED32, 1),
                                  (UNSIGNED32, 1), (UNSIGNED32, 4711)]))
    od.add_object(record(0x60C2, [(UNSIGNED8, 2), (UNSIGNED8, 4), (INTEGER8, -3)]))
    for n, value in enumerate((301, 287, 312, 15, 480)):  # 0.1 degC three times, 0.01 A, 0.1 V
        od.add_object(variable(0x2031 + n, 0, INTEGER16, value))
    for n in range(4):
        for base, cob in ((0x1400, 0x200), (0x1800, 0x180)):
            od.add_object(record(base + n, [(UNSIGNED8, 5), (UNSIGNED32, 0x80000000 | cob + 0x100 * n + node),
                                            (UNSIGNED8, 1), (UNSIGNED16, 0), (UNSIGNED8, 0),
                                            (UNSIGNED16, 0)]))
        for base in (0x1600, 0x1A00):
            od.add_object(record(base + n, [(UNSIGNED8, 0)] + [(UNSIGNED32, 0)] * 8))
    return od


class Drive:
    """One drive on a bus: follows target positions at SYNC while enabled."""

    def __init__(self, network, number):
        self.network, self.number = network, number
        self.values = {}
        self.node = network.create_node(number, dictionary(number))
        self.state, self.syncs, self.pending = SWITCH_ON_DISABLED, 0, {}
        self.node.nmt.state = 'INITIALISING'
        self.node.nmt.state = 'PRE-OPERATIONAL'
        network.subscribe(0x80, self.on_sync)
        for n in range(4):
            network.subscribe(0x200 + 0x100 * n + number, self.on_pdo(n))

    def get(self, index, sub=0):
        od = self.node.object_dictionary[index]
        entry = od if isinstance(od, ODVariable) else od[sub]
        data = self.node.data_store.get(index, {}).get(sub)
        return entry.default if data is None else entry.decode_raw(data)

    def put(self, index, value, sub=0):
        od = self.node.object_dictionary[index]
        entry = od if isinstance(od, ODVariable) else od[sub]
        self.node.data_store.setdefault(index, {})[sub] = entry.encode_raw(value)

    def mapping(self, base):
        """(index, sub, struct code) of a mapped PDO."""
        entries = []
        for n in range(1, self.get(base) + 1):
            word = self.get(base, n)
            index, sub = word >> 16, word >> 8 & 0xFF
            od = self.node.object_dictionary[index]
            entry = od if isinstance(od, ODVariable) else od[sub]
            entries.append((index, sub, ON_WIRE[entry.data_type]))
        return entries

    def on_pdo(self, n):
        def received(_cob, data, _stamp):
            if self.get(0x1400 + n, 1) & 0x80000000 or self.node.nmt.state != 'OPERATIONAL':
                return
            entries = self.mapping(0x1600 + n)
            code = '<' + ''.join(code for *_, code in entries)
            if struct.calcsize(code) == len(data):
                for (index, sub, _), value in zip(entries, struct.unpack(code, bytes(data))):
                    self.pending[index, sub] = value
        return received

    def on_sync(self, *_):
        """Pending PDO values take effect, the drive moves, the transmit PDOs are sent."""
        for (index, sub), value in self.pending.items():
            self.put(index, value, sub)
        self.pending.clear()
        self.put(0x6061, self.get(0x6060))
        self.step(self.get(0x6040))
        self.syncs += 1
        if self.node.nmt.state == 'OPERATIONAL':
            for n in range(4):
                self.transmit(n)

    def step(self, controlword):
        """CiA 402 transitions, then the motion of one cycle."""
        low = controlword & 0x8F
        state = self.state
        if not low & 0x02:
            state = SWITCH_ON_DISABLED
        elif low & 0x07 == 0x06:
            state = READY
        elif low & 0x0F == 0x07 and state != SWITCH_ON_DISABLED:
            state = SWITCHED_ON
        elif low & 0x0F == 0x0F and state in (SWITCHED_ON, ENABLED, READY):
            state = ENABLED if state in (SWITCHED_ON, ENABLED) else SWITCHED_ON
        if state != self.state:
            print(NAMES[state], flush=True)
            self.state = state
        following = state == ENABLED and self.get(0x6060) == 8
        if following:
            target, now = self.get(0x607A), self.get(0x6064)
            self.put(0x606C, (target - now) * 250)
            self.put(0x6064, target)
        self.put(0x6041, state | (0x1000 if following else 0) | 0x0200 | (0x10 if state != SWITCH_ON_DISABLED else 0))

    def transmit(self, n):
        kind = self.get(0x1800 + n, 2)
        if self.get(0x1800 + n, 1) & 0x80000000 or not 1 <= kind <= 240 or self.syncs % kind:
            return
        data = b''.join(struct.pack('<' + code, self.get(index, sub))
                        for index, sub, code in self.mapping(0x1A00 + n))
        self.network.send_message(0x180 + 0x100 * n + self.number, data)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument('--host', default='127.0.0.1')
    options.add_argument('--port', type=int, default=29536)
    options.add_argument('--channel', default='vcan0')
    options.add_argument('--node', type=int, default=1)
    options.add_argument('--seconds', type=float, default=30.0)
    options = options.parse_args()
    bus = can.Bus(interface='socketcand', host=options.host, port=options.port,
                  channel=options.channel, tcp_tune=True)
    network = canopen.Network(bus)
    network.NOTIFIER_CYCLE = 0.01
    network.connect()
    drive = Drive(network, options.node)
    print('switch on disabled', flush=True)
    until = time.monotonic() + options.seconds
    done = threading.Event()
    while time.monotonic() < until and not done.wait(0.5):
        print(f"position {drive.get(0x6064)}", flush=True)
    network.disconnect()
    return 0


if __name__ == '__main__':
    sys.exit(main())
