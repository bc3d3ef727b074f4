#!/usr/bin/env python3
"""python-can joins a hub on which others talk: 20 times without one failure, and hears the traffic.

    join_hub.py --port 29536

Two talkers (plain sockets, no python-can) send 1 frame per millisecond each while clients come and
go; `can.logger`'s own writer takes down what a client hears, like candump. A client that sends
nonsense is answered and does not disturb the others. Exits 0 when all of that holds.
"""

import argparse
import pathlib
import socket
import sys
import tempfile
import threading
import time

import can

JOINS = 20


class Talker(threading.Thread):
    """Joins by hand and sends as if it were a busy bus."""

    def __init__(self, port, cob_id):
        super().__init__(daemon=True)
        self.socket = handshake(port)
        self.frame = f'< send {cob_id:03X} 8 1 2 3 4 5 6 7 8 >'.encode()
        self.going = True

    def run(self):
        while self.going:
            self.socket.sendall(self.frame)
            self.socket.setblocking(False)
            try:
                while self.socket.recv(65536):
                    pass
            except BlockingIOError:
                pass
            self.socket.setblocking(True)
            time.sleep(0.001)


def handshake(port):
    """A raw-mode connection without python-can."""
    link = socket.create_connection(('127.0.0.1', port), timeout=5)
    for request in (b'', b'< open vcan0 >', b'< rawmode >'):
        link.sendall(request)
        answer = link.recv(4096)
        assert answer in (b'< hi >', b'< ok >'), answer
    return link


def join(port):
    """A python-can bus on the hub."""
    return can.Bus(interface='socketcand', host='127.0.0.1', port=port, channel='vcan0',
                   tcp_tune=True)


def check_joins(port):
    """Every join works, and every client hears both talkers."""
    slowest = 0.0
    for attempt in range(JOINS):
        begin = time.monotonic()
        bus = join(port)
        slowest = max(slowest, time.monotonic() - begin)
        heard = set()
        while heard != {0x181, 0x182}:
            message = bus.recv(2.0)
            assert message is not None, f'join {attempt}: silence, heard only {heard}'
            assert bytes(message.data) == bytes(range(1, 9)), message
            heard.add(message.arbitration_id)
        bus.shutdown()
    print(f'{JOINS} joins, slowest {slowest * 1000:.0f} ms')


def check_logger(port):
    """A log as candump writes it has the traffic, with stamps that rise."""
    bus = join(port)
    path = pathlib.Path(tempfile.mkdtemp()) / 'bus.log'
    writer = can.Logger(str(path))
    notifier = can.Notifier(bus, [writer])
    time.sleep(0.5)
    notifier.stop()
    writer.stop()
    bus.shutdown()
    log = list(can.LogReader(str(path)))
    stamps = [message.timestamp for message in log]
    assert len(log) > 100, f'only {len(log)} frames logged'
    assert stamps == sorted(stamps) and abs(stamps[-1] - time.time()) < 5, stamps[-1]
    print(f'{len(log)} frames logged in 0.5 s')


def check_nonsense(port):
    """Nonsense is answered, and the client that sent it can go on."""
    bus, other = join(port), join(port)
    # python-can has no public way to send nonsense: use its socket
    bus._SocketCanDaemonBus__socket.sendall(b'\xff\x00<<< send 12 >< send 123 9 1 >< what >')
    bus.send(can.Message(arbitration_id=0x321, data=[7], is_extended_id=False))
    deadline = time.monotonic() + 2
    while (message := other.recv(1.0)) is None or message.arbitration_id != 0x321:
        assert time.monotonic() < deadline, 'the frame after the nonsense got lost'
    refusals = 0
    deadline = time.monotonic() + 2
    while refusals < 3:
        message = bus.recv(1.0)
        assert time.monotonic() < deadline, f'{refusals} refusals'
        refusals += message is not None and message.is_error_frame
    bus.shutdown()
    other.shutdown()
    print('nonsense answered')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--port', type=int, required=True)
    port = parser.parse_args().port
    talkers = [Talker(port, 0x181), Talker(port, 0x182)]
    for talker in talkers:
        talker.start()
    check_joins(port)
    check_logger(port)
    check_nonsense(port)
    for talker in talkers:
        talker.going = False
    return 0


if __name__ == '__main__':
    sys.exit(main())
