#!/usr/bin/env python3
"""What Pinocchio's RNEA takes for the same arm and payload, in the form of example law_cost.

    pip install pin==4.1.0
    python nodes/control/examples/pinocchio_cost.py [cycles]

Prints one line of JSON, nanoseconds. Pinocchio is called from Python, once per cycle as a controller
would; binding_ns_median is what a call takes that does next to nothing (neutral), so that the
difference is about Pinocchio's own.
"""

import json
import pathlib
import statistics
import sys
import time

import numpy
import pinocchio

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROTORS = [0.5, 0.6, 0.3, 0.064, 0.064, 0.0384]


def measure(function, cycles):
    """Sorted times of one call per cycle with inputs that are never the same twice, ns."""
    joints, times = numpy.arange(6.0), []
    for cycle in range(cycles):
        phase = cycle * 1e-3
        q, v, a = (numpy.sin(phase + shift + joints) for shift in (0.0, 1.0, 2.0))
        began = time.perf_counter_ns()
        function(q, v, a)
        times.append(time.perf_counter_ns() - began)
    return sorted(times)


def main():
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    model = pinocchio.buildModelFromUrdf(str(ROOT / "config/description/armature.urdf"))
    model.armature = numpy.array(ROTORS)
    tool = model.getFrameId("tool0")
    payload = pinocchio.Inertia(2.0, numpy.zeros(3), numpy.zeros((3, 3)))
    frame = model.frames[tool]
    model.appendBodyToJoint(frame.parentJoint, payload, frame.placement)
    data = model.createData()
    rnea = measure(lambda q, v, a: pinocchio.rnea(model, data, q, v, a), cycles)
    binding = measure(lambda q, v, a: pinocchio.neutral(model), cycles)
    print(json.dumps({
        "rnea_ns_median": statistics.median(rnea),
        "rnea_ns_p99": rnea[len(rnea) * 99 // 100],
        "binding_ns_median": statistics.median(binding),
        "cycles": cycles,
        "pinocchio": pinocchio.__version__,
    }))


if __name__ == "__main__":
    main()
