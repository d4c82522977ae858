"""Records the events that etcd sends to those who watch a service, while its hosts are written in
turn. It is done on a copy of the registry's etcd, so that the events follow on what the registry
answers, which itself is not changed."""

import http.client
import json
import threading

import registry
from processes import Trouble

HOSTS = 30
AHEAD = 1024
SERVICE = registry.service_name(HOSTS)


class _Stream(threading.Thread):
    """Reads the lines of a watch."""

    def __init__(self, etcd, method, target, body, skip):
        super().__init__(daemon=True)
        host, port = etcd.address.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=30)
        self.connection.request(method, target, body)
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise Trouble(f"a watch of etcd gives status {self.answer.status}")
        for _ in range(skip):
            self.answer.readline()
        self.lines = []
        self.changed = threading.Condition()

    def run(self):
        try:
            while line := self.answer.readline():
                with self.changed:
                    self.lines.append(line)
                    self.changed.notify()
        except (OSError, ValueError, AttributeError):
            pass  # it was closed, or the one who waits sees that nothing comes

    def wait_for(self, count):
        with self.changed:
            if not self.changed.wait_for(lambda: len(self.lines) >= count, timeout=30):
                raise Trouble(f"a watch of etcd has given {len(self.lines)} events, not {count}")


def _record(etcd, stream, put, events, file):
    """As many events are under way at a time as etcd keeps for one who watches."""
    writer = registry.Writer(etcd)
    stream.start()
    keys = [f"/services/{SERVICE}/{registry.host_key(SERVICE, host)}" for host in range(HOSTS)]
    written = 0
    while written < events:
        requests = []
        for number in range(written, min(written + registry.AT_ONCE, events)):
            host = number % HOSTS
            requests.append(put(keys[host], registry.host_json(SERVICE, host, f"-{number}")))
        writer.send(requests)
        written += len(requests)
        stream.wait_for(written)
    writer.close()
    if len(stream.lines) != events:
        raise Trouble(f"{len(stream.lines)} events were recorded instead of {events}")
    file.write_bytes(b"".join(stream.lines))


def _step_ahead(etcd):
    """The registry's etcd writes to v2 for itself now and then. All events are to lie beyond its
    index, whatever that is when the registry is asked."""
    writer = registry.Writer(etcd)
    for _ in range(AHEAD // registry.AT_ONCE):
        writer.send([registry.v2_put("/ahead", "")] * registry.AT_ONCE)
    writer.close()


def record(etcd, events, directory):
    """events: {"v3": how many, "v2": how many}. {"v3": file, "v2": file}: one event a line."""
    files = {"v3": directory / "v3_events"}
    prefix = f"/services/{SERVICE}"
    create = {"key": registry.b64(prefix + "/"), "range_end": registry.b64(prefix + "0")}
    body = json.dumps({"create_request": create})
    stream = _Stream(etcd, "POST", "/v3/watch", body, skip=1)
    _record(etcd, stream, registry.v3_put, events["v3"], files["v3"])
    if etcd.has_v2:
        files["v2"] = directory / "v2_events"
        _step_ahead(etcd)
        target = f"/v2/keys{prefix}?wait=true&recursive=true&stream=true"
        stream = _Stream(etcd, "GET", target, None, 0)
        _record(etcd, stream, registry.v2_put, events["v2"], files["v2"])
    return files
