#!/usr/bin/env python3
"""A station that looks at parts with a camera and finds what is wrong with them.

    inspection.py [NAME] [--ros-args …]     (NAME: inspection)

It takes pictures from camera/image, and from camera/part which part each shows. Parameters of an order:
limit_shift, limit_line, limit_spot override the limits of look.py.
"""

import dataclasses
import sys
import threading

import numpy as np
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from sensor_msgs.msg import Image

from armature_msgs.msg import PartInPlace
from armature_station import FAIL, PASS, UNSURE, GiveUp, Result, Station, main
from look import Inspector, Limits, NoPart

# A picture and its part belong together by their stamps; so many wait for each other.
KEPT = 8


class Inspection(Station):
    """Asked for inspect_surface, says PASS or FAIL, and what is wrong and where."""

    KIND = 'camera'
    CAPABILITIES = ['inspect_surface']
    FRAME = 'camera'

    def __init__(self, name, **options):
        self._inspectors = {}
        self._inspector(Limits())
        super().__init__(name, **options)
        self._pictures, self._parts = {}, {}
        self._news = threading.Condition()
        eyes = MutuallyExclusiveCallbackGroup()
        self.create_subscription(Image, 'camera/image', self._see, 10, callback_group=eyes)
        self.create_subscription(PartInPlace, 'camera/part', self._read, 10, callback_group=eyes)

    def _see(self, image):
        self._keep(self._pictures, image.header.stamp, image)

    def _read(self, code):
        self._keep(self._parts, code.stamp, code.part)

    def _keep(self, shelf, stamp, thing):
        with self._news:
            shelf[(stamp.sec, stamp.nanosec)] = thing
            while len(shelf) > KEPT:
                del shelf[min(shelf)]
            self._news.notify_all()

    def _newest(self, part):
        stamps = [it for it, name in self._parts.items() if name == part and it in self._pictures]
        return self._pictures[max(stamps)] if stamps else None

    def _picture(self, order):
        """A picture of the part; waits for one as long as somebody waits for the result."""
        with self._news:
            while (picture := self._newest(order.part)) is None:
                if not self._pictures and order.remaining() < 0.1:
                    raise GiveUp('no picture comes from camera/image')
                order.check()
                self._news.wait(timeout=0.05)
            return picture

    def _inspector(self, limits):
        """What an inspector computes beforehand is kept for the next order with these limits."""
        if limits not in self._inspectors:
            self._inspectors = {limits: Inspector(limits=limits)}
        return self._inspectors[limits]

    def work(self, order):
        standard = Limits()
        limits = dataclasses.replace(
            standard, shift=order.number('limit_shift', standard.shift),
            line=order.number('limit_line', standard.line),
            spot=order.number('limit_spot', standard.spot))
        image = grey(self._picture(order))
        order.progress(0.5, 'looking')
        try:
            findings = self._inspector(limits).look(image)
        except NoPart as why:
            return Result(UNSURE, str(why), images=['camera/image'])
        measurements = {'findings': (len(findings), '')}
        for index, it in enumerate(findings):
            measurements[f'{it.kind}_{index}'] = (it.value, it.unit)
            measurements[f'{it.kind}_{index}_x'] = (it.place[0], 'px')
            measurements[f'{it.kind}_{index}_y'] = (it.place[1], 'px')
        kinds = ', '.join(sorted({it.kind for it in findings}))
        verdict = FAIL if findings else PASS
        return Result(verdict, kinds or 'nothing is wrong', measurements, ['camera/image'])


def grey(image):
    """The pixels of a picture, 8 bit."""
    if image.encoding != 'mono8':
        raise GiveUp(f'pictures are {image.encoding!r}, wanted is mono8')
    pixels = np.frombuffer(image.data, np.uint8)
    if image.step < image.width or len(pixels) != image.height * image.step:
        raise GiveUp(f'{len(pixels)} bytes are no {image.width} x {image.height} pixels')
    return np.ascontiguousarray(pixels.reshape(image.height, image.step)[:, :image.width])


if __name__ == '__main__':
    sys.exit(main(Inspection, 'inspection'))
