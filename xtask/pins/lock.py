#!/usr/bin/env python3
"""Writes build.txt, ros.txt, tools.txt and vision.txt from the .in files beside it: every
package with its version and the sha256 of its wheel for each interpreter.

Run it by hand when a version changes:  python3 -m venv V && V/bin/python lock.py
"""
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
INTERPRETERS = ["3.11", "3.12", "3.13"]
PLATFORMS = [
    "manylinux_2_35_x86_64", "manylinux_2_28_x86_64", "manylinux_2_27_x86_64",
    "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux_2_12_x86_64",
    "manylinux2010_x86_64", "manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64",
]
SOURCE_ONLY = {"empy"}  # no wheel is published


def report(arguments):
    """What pip would install, as its JSON report."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run",
                   "--ignore-installed", "--report", out.name, *arguments]
        subprocess.run(command, check=True)
        return json.load(out)["install"]


def entries(installs):
    """(name, version, sha256) of each package in a report."""
    for item in installs:
        meta = item["metadata"]
        name = meta["name"].lower().replace("_", "-").replace(".", "-")
        yield name, meta["version"], item["download_info"]["archive_info"]["hashes"]["sha256"]


def lock(stem):
    """Resolves once with this interpreter, then collects the others' hashes."""
    hashes = {}
    for name, version, digest in entries(report(["-r", str(HERE / f"{stem}.in")])):
        hashes[name, version] = {digest}
    wheels = [f"{name}=={version}" for name, version in hashes if name not in SOURCE_ONLY]
    for python in INTERPRETERS:
        abi = "cp" + python.replace(".", "")
        target = ["--only-binary=:all:", "--python-version", python, "--implementation", "cp",
                  "--abi", abi, "--abi", "abi3", "--abi", "none", "--target", "unused"]
        for platform in PLATFORMS:
            target += ["--platform", platform]
        for name, version, digest in entries(report(["--no-deps", *target, *wheels])):
            hashes[name, version].add(digest)
    lines = []
    for (name, version), digests in sorted(hashes.items()):
        pins = " ".join(f"--hash=sha256:{digest}" for digest in sorted(digests))
        lines.append(f"{name}=={version} {pins}")
    (HERE / f"{stem}.txt").write_text("\n".join(lines) + "\n")


for each in sys.argv[1:] or ["build", "ros", "tools", "vision"]:
    lock(each)
