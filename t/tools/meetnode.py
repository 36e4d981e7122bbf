#!/usr/bin/python3
"""meetnode.py URL PROGRAM... - a node for tests: starts PROGRAM (lr-meet serve -) with a UNIX socket
as its standard input and output, asks it to upgrade URL, and talks over the descriptor that comes

Prints what comes over the stream: the greeting, the answer to 200,000 bytes (whether it was their
capitals), and how PROGRAM ended after the socket was closed.
"""
import json
import socket
import subprocess
import sys

ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
ours.settimeout(20)
child = subprocess.Popen(sys.argv[2:], stdin=theirs, stdout=theirs)
theirs.close()
ours.sendall((json.dumps({"id": 7, "do": "upgrade", "url": sys.argv[1], "fd": True}) + "\n").encode())
text, fds = b"", []
while not text.endswith(b"\n"):
    data, got, _, _ = socket.recv_fds(ours, 65536, 4)
    fds += got
    text += data
    if not data:
        break
answer = json.loads(text)
print(json.dumps({name: answer[name] for name in sorted(answer) if name != "rtt_us"}), len(fds))
if fds:
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
