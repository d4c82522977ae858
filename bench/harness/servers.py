"""Real etcd servers, and the server that replays what they said."""

import fcntl
import json
import os
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import processes
from processes import Trouble

START_WITHIN = 30
STARTS = 3


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def tail(path, lines=5):
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])


class Etcd:
    """An etcd of one member. Its data lies in memory where that can be; directory: of a stopped one,
    whose data it goes on with. tls: a Certificates."""

    def __init__(self, program, work, directory=None, tls=None):
        self.program = program
        self.tls = tls
        self.directory = directory or Path(tempfile.mkdtemp(prefix="etcd-", dir=work))
        self.log = Path(f"{self.directory}.log")
        self.process = None
        self.version = etcd_version(program)
        self.has_v2 = self.version < (3, 6)
        for attempt in range(STARTS):
            self.port = free_port()
            self.peer_port = free_port()
            if self._start(attempt == STARTS - 1):
                break

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def cpu_us(self):
        return processes.cpu_us(self.pid)

    def start(self):
        """Again, on the same port, with what it had."""
        self._start(True)

    def stop(self, number=signal.SIGTERM):
        processes.stop(self.process, number)

    def kill(self):
        self.stop(signal.SIGKILL)

    def copy(self):
        """The directory of this one, copied while it is stopped."""
        target = Path(tempfile.mkdtemp(prefix="copy-", dir=self.directory.parent))
        shutil.copytree(self.directory, target, dirs_exist_ok=True)
        return target

    def remove(self):
        self.kill()
        shutil.rmtree(self.directory, ignore_errors=True)

    def _command(self):
        peers = f"http://127.0.0.1:{self.peer_port}"
        command = [self.program, "--name=bench", f"--data-dir={self.directory}"]
        command += [f"--listen-client-urls={self.url}", f"--advertise-client-urls={self.url}"]
        command += [f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"]
        command += [f"--initial-cluster=bench={peers}", "--log-level=error", "--unsafe-no-fsync"]
        if self.version < (3, 5):
            command.remove("--unsafe-no-fsync")
        if self.has_v2:
            command.append("--enable-v2=true")
        command += ["--max-request-bytes=67108864", "--quota-backend-bytes=8589934592"]
        if self.tls:
            command += [f"--cert-file={self.tls.server}", f"--key-file={self.tls.server_key}"]
            command += [f"--trusted-ca-file={self.tls.ca}", "--client-cert-auth"]
        return command

    def _start(self, is_last):
        with open(self.log, "ab") as log:
            self.process = processes.start(self._command(), stdout=log, stderr=log)
        end = time.monotonic() + START_WITHIN
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if self._is_healthy():
                return True
            time.sleep(0.02)
        self.kill()
        if is_last:
            raise Trouble(f"etcd does not start: {self.program}:\n{tail(self.log)}")
        return False

    def _is_healthy(self):
        context = self.tls.context() if self.tls else None
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=1, context=context) as answer:
                return json.load(answer)["health"] == "true"
        except (OSError, ValueError):
            return False


def etcd_version(program):
    status, output, errors = processes.run([program, "--version"], 10)
    match = re.search(r"etcd Version: (\d+)\.(\d+)\.(\d+)", output)
    if status != 0 or not match:
        raise Trouble(f"{program} --version: {errors or output}")
    return tuple(int(part) for part in match.groups())


class Replay:
    """The replay server in front of an etcd. events: {"v2": file, "v3": file} of recorded watches."""

    def __init__(self, program, etcd, tls=None, events=None):
        command = [program, "serve", f"etcd={etcd.address}"]
        if tls:
            command += [f"cert={tls.server}", f"key={tls.server_key}", f"ca={tls.ca}"]
        for api, file in (events or {}).items():
            command.append(f"{api}_events={file}")
        self.tls = tls
        self.process = processes.start(command, stdout=subprocess.PIPE, text=True)
        if not select.select([self.process.stdout], [], [], START_WITHIN)[0]:
            raise Trouble("the replay server does not start")
        try:
            self.port = json.loads(self.process.stdout.readline())["port"]
        except ValueError:
            raise Trouble("the replay server has ended while starting") from None

    @property
    def url(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def statistics(self):
        """What it has answered so far: requests, connections, bytes."""
        context = self.tls.context() if self.tls else None
        url = f"{self.url}/replay/statistics"
        try:
            with urllib.request.urlopen(url, timeout=10, context=context) as answer:
                return json.load(answer)
        except (OSError, ValueError) as error:
            raise Trouble(f"the replay server does not answer: {error}") from error

    def stop(self):
        processes.stop(self.process)


class Certificates:
    """A CA, and certificates of a server and of a client, on the curve P-256."""

    def __init__(self, work):
        self.directory = Path(tempfile.mkdtemp(prefix="certificates-", dir=work))
        self._make("ca", ["-addext", "basicConstraints=critical,CA:TRUE"], None)
        self._make("server", ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"], "ca")
        self._make("client", ["-addext", "extendedKeyUsage=clientAuth"], "ca")

    def __getattr__(self, name):
        """.ca, .server, .server_key, .client, .client_key"""
        if name.startswith("_") or name == "directory":
            raise AttributeError(name)
        return self.directory / f"{name}.pem"

    def context(self):
        context = ssl.create_default_context(cafile=self.ca)
        context.load_cert_chain(self.client, self.client_key)
        return context

    def _make(self, name, extensions, ca):
        command = ["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        command += ["-nodes", "-subj", f"/CN=bench {name}", *extensions]
        command += ["-keyout", getattr(self, f"{name}_key")]
        if ca is None:
            self._openssl([*command, "-x509", "-days", "30", "-out", getattr(self, name)])
            return
        request = self.directory / f"{name}.csr"
        self._openssl([*command, "-out", request])
        sign = [
            "openssl",
            "x509",
            "-req",
            "-in",
            request,
            "-days",
            "30",
            "-copy_extensions",
            "copy",
        ]
        sign += ["-CA", self.ca, "-CAkey", self.ca_key, "-CAcreateserial"]
        self._openssl([*sign, "-out", getattr(self, name)])

    def _openssl(self, command):
        status, _, errors = processes.run(command, 20)
        if status != 0:
            raise Trouble(f"openssl: {errors}")


WORK = "uvdisco-bench-"


def work_directory():
    """In memory where that can be: etcd waits for the disk at each write. One whose harness was killed
    is removed now: its lock is free."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
    for left in Path(parent).glob(f"{WORK}*/lock"):
        if (lock := _lock(left)) is not None:
            shutil.rmtree(left.parent, ignore_errors=True)
            os.close(lock)
    work = Path(tempfile.mkdtemp(prefix=WORK, dir=parent))
    _lock(work / "lock")
    return work


def _lock(path):
    """Until this process ends. None: another has it."""
    try:
        lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        return None
    return lock
