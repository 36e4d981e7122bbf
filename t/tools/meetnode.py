#!/usr/bin/python3
"""meetnode.py [--get] URL PROGRAM... - a node for tests: starts PROGRAM (lr-meet serve -) with a UNIX socket
as its standard input and output, asks it to upgrade URL, and talks over the descriptor that comes

With --get it asks for URL by HTTP and prints the answer without its body, whether that came as a file, and
its length; of a file also whether writing to it fails. Else it prints what comes over the stream: the greeting, the answer to 200,000 bytes (whether it was their
capitals), and how PROGRAM ended after the socket was closed.
"""
import base64
import json
import os
import socket
import subprocess
import sys

get = sys.argv[1] == "--get"
url, program = sys.argv[1 + get], sys.argv[2 + get:]
ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
ours.settimeout(20)
child = subprocess.Popen(program, stdin=theirs, stdout=theirs)
theirs.close()
ask = {"id": 7, "do": "http", "url": url} if get else {"id": 7, "do": "upgrade", "url": url, "fd": True}
ours.sendall((json.dumps(ask) + "\n").encode())
text, fds = b"", []
while not text.endswith(b"\n"):
    data, got, _, _ = socket.recv_fds(ours, 65536, 4)
    fds += got
    text += data
    if not data:
        break
answer = json.loads(text)
body = answer.pop("body", None)
answer.pop("headers", None)
print(json.dumps({name: answer[name] for name in sorted(answer) if name != "rtt_us"}), len(fds))
if get and fds:
    size = os.fstat(fds[0]).st_size
    try:
        os.write(fds[0], b"x")
        print("file", size, "not sealed")
    except PermissionError:
        print("file", size, "sealed")
elif get:
    print("body", len(base64.b64decode(body or "")))
elif fds:
    stream = socket.socket(fileno=fds[0])
    stream.setblocking(True)
    stream.settimeout(20)
    got = b""
    while len(got) < 6:
        got += stream.recv(6 - len(got))
    print(got.decode(), end="")
    sent = bytes(97 + i % 26 for i in range(200000))
    got, at = b"", 0
    while len(got) < len(sent):
        at += stream.send(sent[at:at + 20000]) if at < len(sent) else 0
        got += stream.recv(65536)
    print("capitals" if got == sent.upper() else "something else")
    stream.close()
ours.close()
print("exit", child.wait(timeout=20))
