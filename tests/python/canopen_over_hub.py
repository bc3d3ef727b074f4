#!/usr/bin/env python3
"""python-canopen talks to python-canopen through the hub: SDO, aborts, heartbeat, PDO, EMCY.

    canopen_over_hub.py --port 29536

Neither end is ours, so what fails here is the hub's doing. Exits 0 when all of it works.
"""

import argparse
import struct
import sys
import threading
import time

import canopen
from canopen.objectdictionary import (INTEGER32, UNSIGNED8, UNSIGNED16, UNSIGNED32, VISIBLE_STRING,
                                      ODRecord, ODVariable, ObjectDictionary)

NODE = 5
NAME = 'a name longer than four bytes, so it goes in segments'


def variable(index, sub, kind, value, access='rw'):
    entry = ODVariable(f'x{index:04X}_{sub}', index, sub)
    entry.data_type, entry.access_type, entry.default = kind, access, value
    entry.pdo_mappable = True
    return entry


def record(index, kinds):
    entry = ODRecord(f'x{index:04X}', index)
    for sub, (kind, value) in enumerate(kinds):
        entry.add_member(variable(index, sub, kind, value))
    return entry


def dictionary():
    od = ObjectDictionary()
    for entry in (variable(0x1000, 0, UNSIGNED32, 0x20192, 'ro'),
                  variable(0x1008, 0, VISIBLE_STRING, NAME),
                  variable(0x1017, 0, UNSIGNED16, 0),
                  variable(0x6041, 0, UNSIGNED16, 0x0240),
                  variable(0x6064, 0, INTEGER32, -2)):
        od.add_object(entry)
    for n, cob in enumerate((0x180, 0x280, 0x380, 0x480)):
        od.add_object(record(0x1800 + n, [(UNSIGNED8, 5), (UNSIGNED32, 0x80000000 | cob + NODE),
                                          (UNSIGNED8, 1), (UNSIGNED16, 0), (UNSIGNED8, 0),
                                          (UNSIGNED16, 0)]))
        od.add_object(record(0x1A00 + n, [(UNSIGNED8, 0)] + [(UNSIGNED32, 0)] * 8))
    return od


def network(port):
    net = canopen.Network()
    net.NOTIFIER_CYCLE = 0.01
    net.connect(interface='socketcand', host='127.0.0.1', port=port, channel='vcan0',
                tcp_tune=True)
    return net


def check_sdo(remote):
    assert remote.sdo[0x1000].raw == 0x20192
    assert remote.sdo[0x1008].raw == NAME
    for n in range(50):
        remote.sdo[0x6064].raw = n * 1000
        assert remote.sdo[0x6064].raw == n * 1000
    try:
        remote.sdo.download(0x1000, 0, b'\0\0\0\0')
        raise AssertionError('a read-only object was written')
    except canopen.SdoAbortedError as refusal:
        assert refusal.code == 0x06010002, hex(refusal.code)


def check_heartbeat(remote):
    remote.sdo[0x1017].raw = 50
    remote.nmt.wait_for_heartbeat(2)
    remote.nmt.state = 'OPERATIONAL'
    time.sleep(0.2)
    assert remote.nmt.state == 'OPERATIONAL', remote.nmt.state


def check_pdo(net, remote, local_net):
    pdo = remote.tpdo[1]
    pdo.read()
    pdo.clear()
    pdo.add_variable(0x6041)
    pdo.add_variable(0x6064)
    pdo.trans_type, pdo.enabled = 1, True
    pdo.save()
    local_net.subscribe(0x80, lambda *_: local_net.send_message(
        0x180 + NODE, struct.pack('<Hi', 0x0237, -123456)))
    heard, done = [], threading.Event()
    pdo.add_callback(lambda p: (heard.append(p[0x6064].raw), done.set()))
    for n in range(100):
        done.clear()
        net.sync.transmit()
        assert done.wait(1.0), f'no TPDO after SYNC {n}'
    assert heard == [-123456] * 100, heard[:5]


def check_emcy(remote, local):
    local.emcy.send(0x4310, 0x09, b'hot!!')
    # emcy.wait() overhears what came before it was called: look at the log instead.
    deadline = time.monotonic() + 2
    while not remote.emcy.log:
        assert time.monotonic() < deadline, 'no EMCY'
        time.sleep(0.01)
    error = remote.emcy.log[0]
    assert (error.code, error.register) == (0x4310, 9), error


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--port', type=int, required=True)
    port = parser.parse_args().port
    local_net, net = network(port), network(port)
    local = local_net.create_node(NODE, dictionary())
    remote = net.add_node(NODE, dictionary())
    local.nmt.send_command(0x80)
    check_sdo(remote)
    check_heartbeat(remote)
    check_pdo(net, remote, local_net)
    check_emcy(remote, local)
    local.nmt.stop_heartbeat()
    net.disconnect()
    local_net.disconnect()
    print('SDO, abort, heartbeat, PDO and EMCY pass through the hub')
    return 0


if __name__ == '__main__':
    sys.exit(main())
