"""Processes that never outlive this one: each leads a group of its own, which is killed when it has
ended, and when the harness ends for whatever reason; should the harness be killed, the kernel kills
those that it has started."""

import atexit
import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_running = {}


class Trouble(Exception):
    """What ends the run, in words."""


def _die_with_parent(parent):
    def before_exec():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def start(command, **options):
    """Starts a program; stop() ends it."""
    try:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid()),
            **options,
        )
    except OSError as error:
        raise Trouble(f"{command[0]}: {error.strerror}") from error
    _running[process.pid] = process
    return process


def stop(process, number=signal.SIGKILL, patience=10):
    """Ends a program and all of its group: by this signal, and what is left then by SIGKILL."""
    if process.pid not in _running:
        return
    _signal_group(process, number)
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    _signal_group(process, signal.SIGKILL)
    process.wait()
    _running.pop(process.pid, None)


def _signal_group(process, number):
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def run(command, timeout, **options):
    """Runs a program to its end: (exit status, stdout, stderr). Raises Trouble when it hangs."""
    process = start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Trouble(
            f"hangs: killed after {timeout} s: {' '.join(str(word) for word in command)}"
        ) from None
    finally:
        stop(process)
    return process.returncode, output, errors


def stop_all():
    for process in list(_running.values()):
        stop(process)


def _on_signal(number, _frame):
    sys.exit(f"ended by {signal.Signals(number).name}")


def guard(parent):
    """From here on, whatever ends the harness, or the script that has called it, ends its
    processes. parent: that script, which may have ended before; or None."""
    atexit.register(stop_all)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if parent is not None and os.getppid() != parent:
        sys.exit("the script that has called this one has ended")


def cpu_us(pid):
    """User and system time of another process, in microseconds."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    ticks = int(fields[11]) + int(fields[12])
    return ticks * 1000000 // os.sysconf("SC_CLK_TCK")
