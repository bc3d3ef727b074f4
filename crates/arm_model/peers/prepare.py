#!/usr/bin/env python3
"""Builds the peers of bench_kinematics into target/peers: Pinocchio from its wheel, ik-geo.

    python crates/arm_model/peers/prepare.py

Needs pip, apt (to download two packages of headers, which it does not install), g++, cargo and
CMake. Takes minutes. What cannot be built is left out, and the benchmark says so.
"""

import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parents[2] / "target" / "peers"
HEADERS = ["libeigen3-dev", "liburdfdom-headers-dev"]
DEFINES = [
    "NDEBUG", "BOOST_MPL_LIMIT_LIST_SIZE=30", "BOOST_MPL_CFG_NO_PREPROCESSED_HEADERS",
    "BOOST_FUSION_INVOKE_MAX_ARITY=12",
]


def run(*command, folder=TARGET):
    print("+", *command, flush=True)
    subprocess.run([str(word) for word in command], cwd=folder, check=True)


def pinocchio():
    environment, root = TARGET / "venv", TARGET / "headers"
    if not environment.exists():
        run(sys.executable, "-m", "venv", environment)
        run(environment / "bin/python", "-m", "pip", "install", "--quiet", "pin==4.1.0")
    if not root.exists():
        run("apt-get", "download", *HEADERS)
        for package in TARGET.glob("*.deb"):
            run("dpkg", "-x", package, root)
    prefix = next(environment.glob("lib/*/site-packages/cmeel.prefix"))
    include = root / "usr/include"
    # Not -march=native: Eigen in the wheel's libraries is aligned for the plain architecture.
    run(
        "g++", "-O3", "-std=c++17", *[f"-D{d}" for d in DEFINES], f"-I{prefix / 'include'}",
        f"-I{include / 'eigen3'}", f"-I{include}", "-o", "pinocchio_peer", HERE / "pinocchio.cpp",
        f"-L{prefix / 'lib'}", f"-Wl,-rpath,{prefix / 'lib'}", f"-Wl,-rpath-link,{prefix / 'lib'}",
        "-lpinocchio_parsers", "-lpinocchio_default",
    )


def ik_geo():
    run("cargo", "build", "--release", "--target-dir", TARGET / "ik_geo", folder=HERE / "ik_geo")
    shutil.copy(TARGET / "ik_geo/release/ik_geo_peer", TARGET / "ik_geo_peer")


def main():
    TARGET.mkdir(parents=True, exist_ok=True)
    failed = []
    for build in (pinocchio, ik_geo):
        try:
            build()
        except (OSError, subprocess.CalledProcessError, StopIteration) as error:
            failed.append(f"{build.__name__}: {error}")
    print(*failed, sep="\n", file=sys.stderr)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
