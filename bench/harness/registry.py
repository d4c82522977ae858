"""What is in the etcd that the programs ask: services of 3 to 10,000 hosts, in both APIs."""

import base64
import json
import re
import socket
import urllib.parse
import uuid

from processes import Trouble

SIZES = (3, 30, 300, 10000)
AT_ONCE = 64
TRANSACTION = 100
_STATUS = re.compile(rb"HTTP/1\.1 \d\d\d ")


def service_name(hosts):
    return f"web{hosts}"


def host_json(service, number, note=""):
    """As the Go package writes a host: about 350 bytes. note: what makes it another one."""
    name = f"{service}-{number}.example{note}"
    host = {
        "name": name,
        "service_name": service,
        "ports": {"http": str(8000 + number % 1000), "https": "8443"},
        "user": "moi",
        "password": "lapin12345",
        "public": True,
        "private_hostname": f"node-{number}.{service}.internal.example",
        "private_ports": {"http": str(20000 + number), "https": "20443"},
        "critical": False,
        "uuid": host_key(service, number),
    }
    return json.dumps(host, separators=(",", ":"))


def info_json(service):
    info = {
        "name": service,
        "critical": True,
        "hostname": f"{service}.example",
        "user": "moi",
        "password": "lapin12345",
        "ports": {"http": "80", "https": "443"},
        "public": True,
    }
    return json.dumps(info, separators=(",", ":"))


def host_key(service, number):
    identity = uuid.uuid5(uuid.NAMESPACE_DNS, f"{number}.{service}")
    return f"{identity}-node-{number}.{service}.internal.example"


def b64(text):
    return base64.b64encode(text.encode()).decode()


def _request(method, target, kind, body):
    body = body.encode()
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def v2_put(key, value):
    body = "value=" + urllib.parse.quote_plus(value)
    return _request("PUT", "/v2/keys" + key, "application/x-www-form-urlencoded", body)


def v3_put(key, value):
    body = json.dumps({"key": b64(key), "value": b64(value)})
    return _request("POST", "/v3/kv/put", "application/json", body)


def v3_put_all(entries):
    puts = [{"request_put": {"key": b64(key), "value": b64(value)}} for key, value in entries]
    return _request("POST", "/v3/kv/txn", "application/json", json.dumps({"success": puts}))


class Writer:
    """One connection on which requests are sent many at a time, which etcd answers one by one."""

    def __init__(self, etcd):
        host, port = etcd.address.split(":")
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def send(self, requests):
        """Sends them all, and returns when all were answered with success."""
        try:
            self.socket.sendall(b"".join(requests))
            self._await(len(requests))
        except OSError as error:
            raise Trouble(f"writing to etcd: {error}") from error

    def _await(self, answers):
        text = b""
        while True:
            got = self.socket.recv(262144)
            text += got
            count = text.count(b"HTTP/1.1 200 ") + text.count(b"HTTP/1.1 201 ")
            # The last body is JSON, or has come in chunks, of which the last is empty.
            if count == answers and text.rstrip().endswith((b"}", b"}\r\n0", b"}\n\r\n0")):
                return
            if not got or len(_STATUS.findall(text)) > count:
                raise Trouble(f"etcd does not take what is written: {text[-500:]!r}")


def _entries(service, hosts):
    yield f"/services_infos/{service}", info_json(service)
    for number in range(hosts):
        yield f"/services/{service}/{host_key(service, number)}", host_json(service, number)


def _parts(items, size):
    items = list(items)
    return (items[first : first + size] for first in range(0, len(items), size))


def fill(etcd, sizes=SIZES, v2=True):
    """Writes a service of each size, in v2 where it is wanted and the etcd has it, and in v3."""
    writer = Writer(etcd)
    for hosts in sizes:
        entries = list(_entries(service_name(hosts), hosts))
        add_service(writer, entries, v2 and etcd.has_v2)
    writer.close()


def fill_sharded(etcd, service, hosts, shards):
    """Writes a service whose hosts are on shard-0, shard-1 and so on in turn."""
    entries = [(f"/services_infos/{service}", info_json(service))]
    for number in range(hosts):
        host = json.loads(host_json(service, number))
        host["shard"] = f"shard-{number % shards}"
        text = json.dumps(host, separators=(",", ":"))
        entries.append((f"/services/{service}/{host_key(service, number)}", text))
    writer = Writer(etcd)
    add_service(writer, entries, False)
    writer.close()


def add_service(writer, entries, v2):
    for part in _parts(entries, TRANSACTION):
        writer.send([v3_put_all(part)])
    if v2:
        for part in _parts(entries, AT_ONCE):
            writer.send([v2_put(key, value) for key, value in part])
