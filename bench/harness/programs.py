"""The programs that are measured: <build>/bench/bin/<name>-bench CASE key=value ..."""

import json
from pathlib import Path

import processes
from processes import Trouble

LABELS = {
    "uvdisco": "uvdisco",
    "floor": "floor (body only counted)",
    "curl": "libcurl + cJSON",
    "go": "Go package",
    "node": "Node",
    "separate": "uvdisco, lookups of their own",
}
PROGRAMS = ("uvdisco", "floor", "curl", "go", "node")
DECLINES = 77
STAND_IN = "stand-in"  # what a peer says of itself where the real one cannot be had


class Declined(Exception):
    """A program does not do a case."""


class Programs:
    """absent: {name: why}, of those that cannot be on this machine; any other that is not there ends
    the run, and so does one that takes longer than timeout, in seconds."""

    def __init__(self, build, absent, timeout):
        self.build = Path(build)
        self.directory = self.build / "bench" / "bin"
        self.absent = absent
        self.timeout = timeout
        self.about = {}
        for name in PROGRAMS:
            if name not in absent:
                self.about[name] = self._ask_about(name)
        if STAND_IN in self.about.get("go", ""):
            LABELS["go"] = f"Go package ({STAND_IN})"

    def path(self, name):
        return self.directory / f"{name}-bench"

    def run(self, name, case, arguments):
        """What the program says of a case."""
        words = [f"{key}={value}" for key, value in arguments.items() if value is not None]
        command = [self.path(name), case, *words]
        status, output, errors = processes.run(command, self.timeout)
        if status == DECLINES:
            raise Declined(errors.strip())
        said = " ".join(str(word) for word in command)
        if status != 0:
            raise Trouble(f"{name} fails with status {status}: {errors.strip()}\n{said}")
        try:
            return json.loads(output)
        except ValueError:
            raise Trouble(f"{name} prints no line of JSON: {output!r}\n{said}") from None

    def _ask_about(self, name):
        if not self.path(name).exists():
            raise Trouble(f"the program {self.path(name)} is not there")
        try:
            return self.run(name, "about", {})["about"]
        except Declined as declined:
            raise Trouble(f"{name} does not say what it is: {declined}") from None
