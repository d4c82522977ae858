"""What the results were measured on."""

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path


def _first_line(*command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return "-"
    lines = output.stdout.strip().splitlines()
    return lines[0] if lines else "-"


def _processor():
    match = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return match.group(1) if match else platform.machine()


def _memory():
    match = re.search(r"MemTotal:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8"))
    return f"{int(match.group(1)) / 1048576:.0f} GiB" if match else "-"


def _system():
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.system()


def _compiler(build):
    """The one that has built the programs."""
    try:
        cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    except OSError:
        return "-"
    compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache, re.MULTILINE)
    kind = re.search(r"^CMAKE_BUILD_TYPE:\w+=(.*)$", cache, re.MULTILINE)
    if not compiler or not kind:
        return "-"
    return f"{_first_line(compiler[1], '--version')}, {kind[1]}"


def _commit():
    """Of the tree that this file is in; -dirty: with changes."""
    here = str(Path(__file__).parent)
    return _first_line(
        "git", "-C", here, "describe", "--match=", "--always", "--abbrev=40", "--dirty"
    )


def describe(stage):
    """{what: which}"""
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "system": f"{_system()}, Linux {platform.release()}",
        "compiler": _compiler(stage.programs.build),
        "etcd": stage.etcd_version,
        "programs": stage.programs.about,
        "absent": stage.programs.absent,
        "commit": _commit(),
    }
