#!/usr/bin/python3
"""relaystorm.py PORT MEMBERS ACCESS SINCE - connections to a relay in every state, until it is gone

MEMBERS is the path of a party's members, ACCESS the header that opens it, SINCE what is known of it. Keeps 120
connections to 127.0.0.1:PORT, each with one of: a long poll, a request that was sent half, a body that
comes byte by byte, an Upgrade, an Upgrade and a long poll in one piece, nothing, a short request. Each that
ends is replaced by another. Prints "storm" when all have begun; ends with 0 when the relay takes no more.
"""
import random
import selectors
import socket
import sys

port, members, access, since = int(sys.argv[1]), *sys.argv[2:5]
poll = f"GET {members}?since={since}&wait=60 HTTP/1.1\r\nHost: r\r\nLR-Access: {access}\r\n\r\n"
upgrade = "GET /v1/frames HTTP/1.1\r\nHost: r\r\nConnection: Upgrade\r\nUpgrade: lanrage-relay\r\n\r\n"
body = f"PUT {members}/{'A' * 43} HTTP/1.1\r\nHost: r\r\nContent-Length: 1000\r\n\r\n"
short = "GET /healthz HTTP/1.1\r\nHost: r\r\n\r\n"


class Client:
    def __init__(self):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.socket.setblocking(False)
        kind = random.randrange(10)
        whole = [poll, poll, poll, upgrade, upgrade + poll, short, short + poll, "", body, poll][kind]
        if kind == 9:
            whole = whole[:random.randrange(len(whole))]
        self.left = 900 if kind == 8 else 0
        if whole:
            self.socket.send(whole.encode())

    def more(self):
        if self.left:
            self.left -= 1
            self.socket.send(b"x")


ready = selectors.DefaultSelector()
clients, opened = {}, 0
try:
    while True:
        while len(clients) < 120:
            c = Client()
            clients[c.socket.fileno()] = c
            ready.register(c.socket, selectors.EVENT_READ, c)
            opened += 1
            if opened == 120:
                print("storm", flush=True)
        for key, _ in ready.select(0.005):
            try:
                gone = not key.data.socket.recv(65536) or random.randrange(20) == 0
            except ConnectionError:
                gone = True
            if gone:
                ready.unregister(key.fileobj)
                del clients[key.fd]
                key.fileobj.close()
        for c in list(clients.values()):
            try:
                c.more()
            except ConnectionError:
                pass
except ConnectionError:
    pass
