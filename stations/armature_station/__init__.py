"""Everything of a station but its work: descriptor, heartbeat, orders.

    class Scale(Station):
        KIND, CAPABILITIES = 'scale', ['weigh']

        def work(self, order):
            return Result(PASS, 'as heavy as it should be', {'mass': (0.12, 'kg')})

    main(Scale, 'scale_1')

The rule: an order is done once. A station that is asked again for an order that it did gives the same
result again; one that works on something refuses the next. docs/stations.md tells the rest.
"""

import collections
import dataclasses
import itertools
import math
import random
import re
import signal
import sys
import threading
import time

import rclpy
import rclpy.signals
import rclpy.utilities
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from armature_msgs.action import RunStation
from armature_msgs.msg import Measurement, StationDescriptor, StationHeartbeat

NONE, PASS, FAIL, UNSURE = 0, 1, 2, 3
_NAME = re.compile(r'[a-z][a-z0-9_]{0,63}')
_LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                      durability=DurabilityPolicy.TRANSIENT_LOCAL)
_STREAM = QoSProfile(depth=64, reliability=ReliabilityPolicy.BEST_EFFORT)
# Results that are remembered, for those who ask again.
_REMEMBERED = 1000


class GiveUp(Exception):
    """Raised by `work` when it cannot be done; the text says why."""


@dataclasses.dataclass
class Result:
    """What a station found: a verdict, why, and {name: (value, unit)}."""

    verdict: int = NONE
    reason: str = ''
    measurements: dict = dataclasses.field(default_factory=dict)
    images: list = dataclasses.field(default_factory=list)


class Order:
    """What is wanted: `part`, `capability`, `parameters`; how long it may take."""

    def __init__(self, handle):
        goal = handle.request
        self.name, self.part, self.capability = goal.order, goal.part, goal.capability
        self.parameters = {it.name: it.value for it in goal.parameters}
        self._handle = handle
        self._end = time.monotonic() + goal.allowed_time

    def number(self, name, default):
        """A parameter as a finite number."""
        try:
            value = float(self.parameters.get(name, default))
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise GiveUp(f'parameter {name} = {self.parameters[name]!r} is no number')
        return value

    def remaining(self):
        """Seconds until nobody waits any more."""
        return self._end - time.monotonic()

    def check(self):
        """Ends the work when nobody waits any more; call it in loops."""
        if self._handle.is_cancel_requested:
            raise GiveUp('it was withdrawn')
        if self.remaining() <= 0.0:
            raise GiveUp('the allowed time is over')

    def progress(self, share, stage=''):
        """Tells how far it is, 0 to 1."""
        feedback = RunStation.Feedback(progress=float(share), stage=stage)
        self._handle.publish_feedback(feedback)


class Station(Node):
    """A station; subclasses say what they can do, and do it in `work`."""

    KIND = 'station'
    CAPABILITIES = []
    FRAME = ''
    HEARTBEAT_PERIOD = 0.1

    def __init__(self, name, id=None, **options):
        for word in [name, id or name, *self.CAPABILITIES]:
            if not _NAME.fullmatch(word):
                raise ValueError(f'{word!r} is no name: a to z, 0 to 9 and _, first a letter')
        super().__init__(name, **options)
        self.station, self.id = name, id or name
        self.boot_id = random.SystemRandom().getrandbits(63) or 1
        self.not_ready = ''
        self._busy = threading.Lock()
        self._working_on, self._finished = None, threading.Condition()
        self._results = collections.OrderedDict()
        self._beats = itertools.count(1)
        self._orders = ReentrantCallbackGroup()
        self._life = MutuallyExclusiveCallbackGroup()
        self._descriptor_publisher = self.create_publisher(
            StationDescriptor, f'stations/{name}/descriptor', _LATCHED)
        self._heartbeat_publisher = self.create_publisher(
            StationHeartbeat, f'stations/{name}/heartbeat', _STREAM)
        self._server = ActionServer(
            self, RunStation, f'stations/{name}/run', self._run,
            goal_callback=lambda _: GoalResponse.ACCEPT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=self._orders)
        self.describe()
        self.create_timer(self.HEARTBEAT_PERIOD, self._beat, callback_group=self._life)

    def work(self, order):
        """Does what `order` says; returns a Result or raises GiveUp."""
        raise NotImplementedError

    def describe(self):
        """Says who this is."""
        self._descriptor_publisher.publish(StationDescriptor(
            version_major=StationDescriptor.MAJOR, version_minor=StationDescriptor.MINOR,
            id=self.id, name=self.station, boot_id=self.boot_id, kind=self.KIND,
            capabilities=list(self.CAPABILITIES), frame=self.FRAME,
            heartbeat_period=self.HEARTBEAT_PERIOD))

    def _beat(self):
        beat = StationHeartbeat(boot_id=self.boot_id, message=self.not_ready)
        beat.sequence = next(self._beats)
        beat.stamp = self.get_clock().now().to_msg()
        if self.not_ready:
            beat.state = StationHeartbeat.NOT_READY
        elif self._busy.locked():
            beat.state = StationHeartbeat.BUSY
        self._heartbeat_publisher.publish(beat)

    def _run(self, handle):
        order = Order(handle)
        known = self._known(order)
        if known is not None:
            handle.succeed()
            return known
        if not self._busy.acquire(blocking=False):
            return self._end(handle, order, 'busy with another order')
        self._working_on = order.name
        self._beat()
        begin, result = time.monotonic(), None
        try:
            if order.capability not in self.CAPABILITIES:
                raise GiveUp(f'{order.capability!r} is none of {self.CAPABILITIES}')
            done = self.work(order)
            order.check()
            result = self._message(order, done, time.monotonic() - begin)
        except GiveUp as why:
            return self._end(handle, order, str(why))
        except Exception as error:  # whatever the work does, the station answers
            self.get_logger().error(f'{order.name}: {error!r}')
            return self._end(handle, order, repr(error))
        finally:
            with self._finished:
                if result is not None:
                    self._results[order.name] = result
                    if len(self._results) > _REMEMBERED:
                        self._results.popitem(last=False)
                self._working_on = None
                self._busy.release()
                self._finished.notify_all()
            self._beat()
        handle.succeed()
        return result

    def _known(self, order):
        """The result of this very order: done before, or under way for somebody who is gone."""
        with self._finished:
            self._finished.wait_for(lambda: self._working_on != order.name,
                                    timeout=max(order.remaining(), 0.0))
            return self._results.get(order.name)

    def _end(self, handle, order, why):
        if handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        return RunStation.Result(order=order.name, part=order.part, reason=why)

    @staticmethod
    def _message(order, result, took):
        measurements = [Measurement(name=name, value=float(value), unit=unit)
                        for name, (value, unit) in result.measurements.items()]
        return RunStation.Result(
            verdict=result.verdict, reason=result.reason, order=order.name, part=order.part,
            measurements=measurements, images=list(result.images), took=took)


def main(create, default_name):
    """Runs a station until SIGINT or SIGTERM; its name is the first word of the command line."""
    words = rclpy.utilities.remove_ros_args(sys.argv)[1:]
    name = words[0] if words else default_name
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt()))
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    try:
        station = create(name)
        executor = MultiThreadedExecutor(num_threads=4)
        executor.add_node(station)
        station.get_logger().info(f'station {name} is there: {", ".join(station.CAPABILITIES)}')
        try:
            executor.spin()
        finally:
            executor.shutdown(timeout_sec=1.0)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except ValueError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    return 0
