#!/usr/bin/env python3
"""python-canopen as master of a simulated drive: reads, remaps, enables, moves and stops it.

    canopen_master.py --port 29536 --node 1

The drive is ours, the master is not: what fails here is the drive's conformance. Exits 0 when all
of it works, 1 with the reason otherwise.
"""

import argparse
import struct
import sys
import threading
import time

import canopen
from canopen.objectdictionary import (INTEGER8, INTEGER16, INTEGER32, UNSIGNED8, UNSIGNED16,
                                      UNSIGNED32, VISIBLE_STRING, ODRecord, ODVariable,
                                      ObjectDictionary)
from canopen.profiles.p402 import BaseNode402

COUNTS_PER_RAD = (1 << 20) / 6.283185307179586
PERIOD = 0.01


def variable(index, sub, kind, access='rw'):
    entry = ODVariable(f'x{index:04X}_{sub}', index, sub)
    entry.data_type, entry.access_type, entry.pdo_mappable = kind, access, True
    return entry


def record(index, kinds):
    entry = ODRecord(f'x{index:04X}', index)
    for sub, kind in kinds.items():
        entry.add_member(variable(index, sub, kind))
    return entry


def dictionary():
    od = ObjectDictionary()
    plain = {0x1000: UNSIGNED32, 0x1001: UNSIGNED8, 0x1008: VISIBLE_STRING, 0x1014: UNSIGNED32,
             0x1017: UNSIGNED16, 0x6007: INTEGER16, 0x603F: UNSIGNED16, 0x6040: UNSIGNED16,
             0x6041: UNSIGNED16, 0x605A: INTEGER16, 0x6060: INTEGER8, 0x6061: INTEGER8,
             0x6064: INTEGER32, 0x606C: INTEGER32, 0x6076: UNSIGNED32, 0x6077: INTEGER16,
             0x607A: INTEGER32, 0x60B2: INTEGER16, 0x6502: UNSIGNED32, 0x2031: INTEGER16}
    for index, kind in plain.items():
        od.add_object(variable(index, 0, kind))
    od.add_object(record(0x1018, {0: UNSIGNED8, **{sub: UNSIGNED32 for sub in range(1, 5)}}))
    od.add_object(record(0x60C2, {0: UNSIGNED8, 1: UNSIGNED8, 2: INTEGER8}))
    mapping = {0: UNSIGNED8, **{sub: UNSIGNED32 for sub in range(1, 9)}}
    settings = {0: UNSIGNED8, 1: UNSIGNED32, 2: UNSIGNED8, 3: UNSIGNED16, 5: UNSIGNED16}
    for n in range(4):
        for communication, mapped in ((0x1400, 0x1600), (0x1800, 0x1A00)):
            od.add_object(record(communication + n, settings))
            od.add_object(record(mapped + n, mapping))
    return od


def check(condition, text):
    if not condition:
        raise AssertionError(text)


def refused(action, code):
    try:
        action()
    except canopen.SdoAbortedError as abort:
        check(abort.code == code, f'abort 0x{abort.code:08X}, expected 0x{code:08X}')
        return
    raise AssertionError(f'not refused with 0x{code:08X}')


def read(node, number):
    sdo = node.sdo
    check(sdo[0x1000].raw & 0xFFFF == 402, 'not a CiA 402 device')
    check(sdo[0x1008].raw == 'Armature simulated servo', sdo[0x1008].raw)
    check(sdo[0x1018][4].raw == 999 + number, f'serial {sdo[0x1018][4].raw}')
    check(sdo[0x6502].raw == 0x280, hex(sdo[0x6502].raw))
    check(200 < sdo[0x2031].raw < 800, f'winding at {sdo[0x2031].raw / 10} degC')
    refused(lambda: sdo.download(0x6041, 0, b'\0\0'), 0x06010002)
    refused(lambda: sdo.upload(0x5FFF, 0), 0x06020000)
    refused(lambda: sdo.upload(0x1018, 9), 0x06090011)
    refused(lambda: sdo.download(0x6060, 0, b'\x01'), 0x06090030)


def remap(node):
    node.nmt.state = 'PRE-OPERATIONAL'
    node.rpdo.read()
    node.tpdo.read()
    check(node.tpdo[1].cob_id == 0x180 + node.id, hex(node.tpdo[1].cob_id))
    set_up(node.tpdo[1], 1, (0x6041, 0x6064, 0x6077))
    set_up(node.tpdo[2], 10, (0x606C, 0x6061, 0x2031))
    set_up(node.rpdo[1], 1, (0x6040, 0x607A, 0x60B2))
    node.tpdo.read()
    check(node.tpdo[2].trans_type == 10 and len(node.tpdo[2].map) == 3, 'mapping read back differs')


def set_up(pdo, kind, indices):
    pdo.clear()
    for index in indices:
        pdo.add_variable(index)
    pdo.trans_type, pdo.enabled = kind, True
    pdo.save()


class Cycle:
    """SYNC and RPDO at 100 Hz, and what the drive answers."""

    def __init__(self, network, node, position):
        self.network, self.node = network, node
        self.word, self.target, self.offset = 0x06, position, 0
        self.feedback, self.slow, self.sent = [], 0, 0
        self.stop = threading.Event()
        network.subscribe(0x180 + node.id, self.take)
        network.subscribe(0x280 + node.id, self.take_slow)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def take(self, _cob, data, _time):
        self.feedback.append(struct.unpack('<Hih', data))

    def take_slow(self, _cob, data, _time):
        check(len(data) == 7, f'TPDO2 has {len(data)} bytes')
        self.slow += 1

    def run(self):
        while not self.stop.wait(PERIOD):
            self.network.sync.transmit()
            data = struct.pack('<Hih', self.word, int(self.target), self.offset)
            self.network.send_message(0x200 + self.node.id, data)
            self.sent += 1

    def wait(self, mask, value, what):
        end = time.time() + 2
        while time.time() < end:
            if self.feedback and self.feedback[-1][0] & mask == value:
                return
            time.sleep(0.005)
        word = self.feedback[-1][0] if self.feedback else None
        raise AssertionError(f'{what} not reached, statusword {word and hex(word)}')

    def end(self):
        self.stop.set()
        self.thread.join()
        self.network.unsubscribe(0x180 + self.node.id, self.take)
        self.network.unsubscribe(0x280 + self.node.id, self.take_slow)


def enable(node, cycle):
    node.sdo[0x605A].raw = 6
    node.sdo[0x60C2][1].raw, node.sdo[0x60C2][2].raw = 10, -3
    node.sdo[0x6060].raw = 8
    check(node.sdo[0x6061].raw == 8, 'mode display is not 8')
    for word, value, what in ((0x06, 0x21, 'ready to switch on'), (0x07, 0x23, 'switched on'),
                              (0x0F, 0x27, 'operation enabled')):
        cycle.word = word
        cycle.wait(0x6F, value, what)
    cycle.wait(0x1000, 0x1000, 'bit 12 (follows the command)')


def move(cycle, start):
    goal = start + 0.3 * COUNTS_PER_RAD
    steps = 150
    for n in range(1, steps + 1):
        s = n / steps
        cycle.target = start + (goal - start) * s * s * (3 - 2 * s)
        time.sleep(PERIOD)
    time.sleep(0.4)
    error = abs(cycle.feedback[-1][1] - goal) / COUNTS_PER_RAD
    check(error < 1e-3, f'{error * 1000:.2f} mrad off the goal')
    check(cycle.feedback[-1][0] & 0x6F == 0x27, hex(cycle.feedback[-1][0]))


def stop(node, cycle):
    cycle.word = 0x02
    cycle.wait(0x6F, 0x07, 'quick stop active')
    time.sleep(0.3)
    check(node.sdo[0x6041].raw & 0x27F == 0x217, hex(node.sdo[0x6041].raw))
    cycle.word = 0x00
    cycle.wait(0x4F, 0x40, 'switch on disabled')


def profile(network, number):
    """The same drive through python-canopen's own CiA 402 profile, with event-driven PDOs."""
    drive = BaseNode402(number, dictionary())
    network.add_node(drive)
    drive.nmt.state = 'PRE-OPERATIONAL'
    drive.tpdo.read()
    drive.rpdo.read()
    set_up(drive.tpdo[1], 255, (0x6041, 0x6061))
    set_up(drive.rpdo[1], 255, (0x6040, 0x6060))
    drive.setup_402_state_machine()
    drive.nmt.state = 'OPERATIONAL'
    time.sleep(0.1)
    for state in ('READY TO SWITCH ON', 'SWITCHED ON', 'SWITCH ON DISABLED'):
        drive.state = state
        check(drive.state == state, f'{drive.state} instead of {state}')


def heartbeat(node):
    node.sdo[0x1017].raw = 50
    node.nmt.wait_for_heartbeat(1)
    check(node.nmt.state == 'OPERATIONAL', node.nmt.state)


def reset(node):
    booted = threading.Event()
    node.nmt.add_heartbeat_callback(lambda state: state == 0 and booted.set())
    node.nmt.state = 'RESET'
    check(booted.wait(2), 'no boot-up after reset')
    check(node.sdo[0x605A].raw == 2, 'reset did not restore 0x605A')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=29536)
    parser.add_argument('--channel', default='vcan0')
    parser.add_argument('--node', type=int, default=1)
    args = parser.parse_args()
    network = canopen.Network()
    network.NOTIFIER_CYCLE = 0.01
    network.connect(interface='socketcand', host=args.host, port=args.port, channel=args.channel,
                    tcp_tune=True)
    node = canopen.RemoteNode(args.node, dictionary())
    node.sdo.RESPONSE_TIMEOUT = 1.0
    network.add_node(node)
    cycle = None
    try:
        read(node, args.node)
        remap(node)
        start = node.sdo[0x6064].raw
        node.nmt.state = 'OPERATIONAL'
        cycle = Cycle(network, node, start)
        enable(node, cycle)
        move(cycle, start)
        stop(node, cycle)
        cycle.end()
        lost = cycle.sent - len(cycle.feedback)
        check(lost <= 2, f'{lost} of {cycle.sent} SYNCs not answered')
        check(abs(cycle.slow - cycle.sent / 10) <= 2, f'{cycle.slow} slow PDOs')
        heartbeat(node)
        reset(node)
        profile(network, args.node)
    except Exception as error:  # every failure is an exit code
        print(f'FAILED: {type(error).__name__}: {error}', file=sys.stderr)
        return 1
    finally:
        if cycle:
            cycle.stop.set()
        network.disconnect()
    print(f'node {args.node}: read, remapped, enabled, moved, stopped, reset '
          f'({len(cycle.feedback)} feedbacks)')
    return 0


if __name__ == '__main__':
    sys.exit(main())
