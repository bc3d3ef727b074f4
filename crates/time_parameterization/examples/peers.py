#!/usr/bin/env python3
"""Times the peers on the problems of the benchmark; bench_time_parameterization.rs starts it.

    pip install ruckig==0.19.4 toppra==0.6.10 numpy scipy

Prints one JSON object: medians in microseconds, and toppra's durations. Ruckig's times are its own
(calculation_duration), so the way through Python is not counted; toppra's are of
compute_parameterization alone, without setting up, and time on the processor.
"""

import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures"))
import generate  # noqa: E402
import numpy  # noqa: E402
import ruckig  # noqa: E402
import toppra  # noqa: E402
from scipy.interpolate import CubicSpline  # noqa: E402

SEED_MOVES = 20261107
SEED_PATHS = 47110815
POINTS = 200


def calculation(joints):
    problem = ruckig.InputParameter(6)
    limits, starts, targets = zip(*joints)
    problem.max_velocity, problem.max_acceleration, problem.max_jerk = map(list, zip(*limits))
    position, velocity, acceleration = map(list, zip(*starts))
    problem.current_position, problem.current_velocity = position, velocity
    problem.current_acceleration = acceleration
    position, velocity, acceleration = map(list, zip(*targets))
    problem.target_position, problem.target_velocity = position, velocity
    problem.target_acceleration = acceleration
    output = ruckig.OutputParameter(6)
    ruckig.Ruckig(6, 0.001).update(problem, output)
    return output.calculation_duration


def dense(points):
    """The same way in 200 points."""
    points = numpy.array(points)
    lengths = numpy.linalg.norm(numpy.diff(points, axis=0), axis=1)
    ways = numpy.concatenate([[0.0], numpy.cumsum(lengths)])
    spline = CubicSpline(ways, points, bc_type="natural")
    return spline(numpy.linspace(0.0, ways[-1], POINTS))


def path(points):
    lengths = numpy.linalg.norm(numpy.diff(points, axis=0), axis=1)
    ways = numpy.concatenate([[0.0], numpy.cumsum(lengths)])
    spline = toppra.SplineInterpolator(ways, points, bc_type="natural")
    grid = numpy.linspace(0.0, ways[-1], POINTS + 1)
    both = lambda limit: numpy.array([[-x, x] for x in limit])
    constraints = [
        toppra.constraint.JointVelocityConstraint(both(generate.VELOCITY)),
        toppra.constraint.JointAccelerationConstraint(both(generate.ACCELERATION)),
    ]
    solver = toppra.algorithm.TOPPRA(
        constraints, spline, gridpoints=grid, solver_wrapper="seidel"
    )
    start = time.thread_time()
    speeds = solver.compute_parameterization(0.0, 0.0, return_data=True)[1]
    took = 1e6 * (time.thread_time() - start)
    return took, float(numpy.sum(2.0 * numpy.diff(grid) / (speeds[1:] + speeds[:-1])))


def main():
    moves, paths = int(sys.argv[1]), int(sys.argv[2])
    toppra.setup_logging("ERROR")
    random = generate.Random(SEED_MOVES)
    rest = [generate.move(random, True) for _ in range(generate.MOVES)][:moves]
    moving = [generate.move(random, False) for _ in range(generate.MOVES)][:moves]
    random = generate.Random(SEED_PATHS)
    sparse = [generate.waypoints(random) for _ in range(paths)]
    print(json.dumps({
        "rest_to_rest": statistics.median(map(calculation, rest)),
        "state_to_state": statistics.median(map(calculation, moving)),
        "path": statistics.median(path(dense(points))[0] for points in sparse),
        "durations": [path(numpy.array(points))[1] for points in sparse],
    }))


if __name__ == "__main__":
    main()
