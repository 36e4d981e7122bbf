#!/usr/bin/python3
"""liar.py DIR HOST:PORT LISTEN - a relay that lies: a proxy on 0.0.0.0:LISTEN, TCP and UDP, in front of
a true lr-relay at HOST:PORT

DIR/mode is one word and may change at any time; DIR/log gets a line "TIME MODE METHOD PATH" a request. Of
HTTP (answers to members; other modes are for packets, HTTP is handed through then):
  pass        nothing is changed
  drop        no answer: the connection ends
  hang        no answer at all
  slow        one byte in 0.2 s
  endless     zeros until the client has enough
  huge        Content-Length: 8 MB, and so many zeros
  garbage     200 and random bytes
  noise       random bytes instead of HTTP
  N           that status, nothing else
  alter       one byte of the list is another
  shuffle     the list's entries backwards, each twice
  old         the first list that it ever saw, for ever
  other       the list of another party, from DIR/other
  hide        the list without records
  number      the list with a sequence number of 2^64 - 1
  back        the list with sequence number 1
  epochs      the list with another relay epoch each time
  future, past  the list with a time of the year 4000, of 1970
  claims      the list and 20,000 claims
  again       polls are answered at once, with nothing
Of packets:
  p-drop      none goes through
  p-twice     each twice
  p-late      each behind the next one
  p-alter     one bit is another
  p-signal    with each that goes to a member, 20 that say that the party changed
  p-bound     with each, 20 that say: you have another channel
  p-refuse    with each, 20 that say: bind anew
  p-time      cookies tell a time of 2^63
"""
import os
import random
import select
import socket
import struct
import sys
import threading
import time
import http.client
import http.server

folder, target, listen = sys.argv[1], sys.argv[2], int(sys.argv[3])
host, port = target.rsplit(":", 1)
port = int(port)
HEAD = 29
first, lock = {}, threading.Lock()


def mode():
    try:
        with open(folder + "/mode") as f:
            return f.read().strip() or "pass"
    except OSError:
        return "pass"


def entries(body):
    at, out = HEAD, []
    while at + 5 <= len(body):
        n = 5 + struct.unpack(">I", body[at + 1:at + 5])[0]
        out.append(body[at:at + n])
        at += n
    return out


def is_list(body):
    return body[:4] == b"LRL1" and len(body) >= HEAD


def number(body, at, value):
    return body[:at] + struct.pack(">Q", value) + body[at + 8:]


def lie(how, body):
    """The body that is sent instead."""
    if how == "garbage":
        return os.urandom(2000)
    if not is_list(body):
        return body
    with lock:
        first.setdefault("list", body)
    if how == "alter" and len(body) > HEAD:
        at = random.randrange(HEAD, len(body))
        return body[:at] + bytes([body[at] ^ 1 << random.randrange(8)]) + body[at + 1:]
    if how == "shuffle":
        return body[:HEAD] + b"".join(e + e for e in reversed(entries(body)))
    if how == "old":
        return first["list"]
    if how == "other":
        with open(folder + "/other", "rb") as f:
            return f.read()
    if how == "hide":
        return body[:28] + b"\1" + b"".join(e for e in entries(body) if e[0] != 1)
    if how == "number":
        return number(body, 12, 2 ** 64 - 1)
    if how == "back":
        return number(body, 12, 1)
    if how == "epochs":
        return number(body, 4, random.getrandbits(64))
    if how == "future":
        return number(body, 20, 64 * 10 ** 12)
    if how == "past":
        return number(body, 20, 0)
    if how == "claims":
        claim = os.urandom(32) + b"\1" + bytes(8) + b"192.0.2.1:1"
        return body + (b"\3" + struct.pack(">I", len(claim)) + claim) * 20000
    return body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def true_answer(self):
        path = self.path
        if mode() == "again":
            path = path.split("&wait=")[0]
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        there = http.client.HTTPConnection(host, port, timeout=60)
        headers = {k: v for k, v in self.headers.items() if k.lower() in ("lr-access", "authorization")}
        there.request(self.command, path, body, headers)
        got = there.getresponse()
        answer = got.status, got.read()
        there.close()
        return answer

    def send_bytes(self, status, body, length=None):
        self.send_response(status)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def serve(self):
        how = mode()
        with open(folder + "/log", "a") as f:
            f.write("%.3f %s %s %s\n" % (time.monotonic(), how, self.command, self.path))
        if how == "drop":
            self.close_connection = True
        elif how == "hang":
            self.connection.recv(1 << 20)
            self.connection.recv(1)
            self.close_connection = True
        elif how == "noise":
            self.wfile.write(os.urandom(3000))
            self.close_connection = True
        elif how == "huge":
            self.send_bytes(200, bytes(8 << 20))
        elif how == "endless":
            self.send_bytes(200, b"", 1 << 40)
            while True:
                self.wfile.write(bytes(65536))
        elif how.isdigit():
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_bytes(int(how), b"")
        else:
            status, body = self.true_answer()
            body = lie(how, body)
            if how != "slow":
                self.send_bytes(status, body)
                return
            self.send_bytes(status, b"", len(body))
            for byte in body:
                self.wfile.write(bytes([byte]))
                self.wfile.flush()
                time.sleep(0.2)

    def handle_one_request(self):
        try:
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    do_GET = do_PUT = do_POST = do_DELETE = serve


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


CONTROL = b"\xf2\x01\x00\x00"


def to_member(how, data, held):
    """What a member gets instead of a packet of the relay."""
    if how == "p-drop":
        return []
    if how == "p-twice":
        return [data, data]
    if how == "p-late":
        out = held[:]
        held[:] = [data]
        return out
    if how == "p-alter":
        at = random.randrange(len(data))
        return [data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1:]]
    if how == "p-signal":
        more = CONTROL + bytes(4) + b"\x08\0\0\0" + os.urandom(8) + struct.pack(">Q", 2 ** 63)
        return [data] + [more] * 20
    if how == "p-bound":
        more = [CONTROL + os.urandom(4) + b"\x04\0\0\0" + struct.pack(">I", 60) + os.urandom(34) for _ in range(20)]
        return [data] + more
    if how == "p-refuse":
        return [data] + [CONTROL + bytes(4) + b"\x05\x01\0\0"] * 20
    if how == "p-time" and data[:4] == CONTROL and data[8:9] == b"\x02":
        return [number(data, 20, 2 ** 63)]
    return [data]


def packets():
    """One socket towards the relay for each address that packets come from."""
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("0.0.0.0", listen))
    towards, whose, held = {}, {}, {}
    while True:
        ready, _, _ = select.select([here] + list(whose), [], [])
        for s in ready:
            try:
                data, source = s.recvfrom(65536)
            except OSError:
                continue
            if s is here:
                if source not in towards:
                    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    there.connect((host, port))
                    towards[source], whose[there], held[there] = there, source, []
                if mode() != "p-drop":
                    towards[source].send(data)
                continue
            for out in to_member(mode(), data, held[s]):
                here.sendto(out, whose[s])


threading.Thread(target=packets, daemon=True).start()
Server(("0.0.0.0", listen), Handler).serve_forever()
