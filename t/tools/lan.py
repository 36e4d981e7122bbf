#!/usr/bin/python3
"""lan.py - behaves as LAN games do, and sees what arrived, frame by frame

  sniff IFACE               a JSON line a frame that came in, until it is ended
  say PORT TO PORT TEXT [TTL]   a datagram from the first port, broadcast allowed
  join IFACE GROUP          joins a group on the interface, until it is ended
  hear PORT [GROUP]         a line a datagram that the system delivered, until it is ended; the group
                            is joined as games do, without an interface
  frame IFACE HEX...        frames as they are; MAC stands for the interface's address
  packet IFACE HEX...       IP packets into a TUN as they are
  repeat N PORT TO PORT     that many datagrams at once
  flood RATE SECONDS PORT TO PORT   so many a second; says how many it sent
  spray N TO RATE SIZE      that many to six ports in turn, so many a second
  spread IFACE COPIES N     N times that many UDP datagrams come in by the interface: how far are the
                            first and the last of them apart, as the kernel stamps them?
"""
import ipaddress
import json
import signal
import socket
import statistics
import struct
import sys
import time
import time

KINDS = {0: "host", 1: "broadcast", 2: "multicast", 3: "other"}


def describe(data, ethernet):
    out = {}
    if ethernet:
        out = {"to_mac": data[0:6].hex(), "from_mac": data[6:12].hex(), "type": data[12:14].hex()}
        data = data[14:]
    if (out.get("type", "0800") == "0800") and data and data[0] >> 4 == 4:
        head = (data[0] & 15) * 4
        out.update(src=str(ipaddress.ip_address(data[12:16])), dst=str(ipaddress.ip_address(data[16:20])),
                   ttl=data[8], proto=data[9])
        if data[9] == 17:
            out["ports"] = list(struct.unpack("!HH", data[head:head + 4]))
            out["text"] = data[head + 8:].decode("ascii", "replace")
    elif out.get("type") != "0806" and data and data[0] >> 4 == 6 and out.get("type", "86dd") == "86dd":
        out.update(src=str(ipaddress.ip_address(data[8:24])), dst=str(ipaddress.ip_address(data[24:40])), proto=data[6])
    else:
        out["hex"] = data.hex()
    return out


def sniff(iface):
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.bind((iface, 3))
    print('{"ready":true}', flush=True)
    while True:
        data, (_, _, kind, hw, _) = s.recvfrom(65536)
        if kind != 4:  # our own
            print(json.dumps(dict(describe(data, hw == 1), kind=KINDS[kind])), flush=True)


def udp(port, six=False):
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind(("", int(port)))
    return s


def say(port, to, to_port, text, ttl="64"):
    s = udp(port, ":" in to)
    if ":" in to:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, int(ttl))
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, int(ttl))
        s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, int(ttl))
    s.sendto(text.encode(), (to, int(to_port)))


def repeat(n, port, to, to_port):
    s = udp(port)
    for i in range(int(n)):
        s.sendto(b"%d" % i, (to, int(to_port)))


def take_part(s, group, index):
    if ":" in group:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP,
                     socket.inet_pton(socket.AF_INET6, group) + struct.pack("@i", index))
    else:
        s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP,
                     struct.pack("4s4si", socket.inet_aton(group), b"\0" * 4, index))


def spray(n, to, rate, size):
    s = udp(0)
    at = time.monotonic()
    for i in range(int(n)):
        s.sendto(b"x" * int(size), (to, 7000 + i % 6))
        at += 1 / int(rate)
        time.sleep(max(0, at - time.monotonic()))


def spread(iface, copies, n):
    SO_TIMESTAMPNS = 35
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
    s.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    s.bind((iface, 3))
    s.settimeout(10)
    print("ready", flush=True)
    stamps = []
    while len(stamps) < int(copies) * int(n):
        data, control, _, (_, _, kind, _, _) = s.recvmsg(256, 64)
        if KINDS.get(kind) == "host" and data[23] == 17 and len(data) >= 200:
            sec, ns = struct.unpack("qq", control[0][2])
            stamps.append(sec * 1000000 + ns / 1000)
    rows = [stamps[i:i + int(copies)] for i in range(0, len(stamps), int(copies))]
    print(json.dumps({"median_us": statistics.median(row[-1] - row[0] for row in rows)}))


def flood(rate, seconds, port, to, to_port):
    s = udp(port)
    began, sent = time.monotonic(), 0
    while (past := time.monotonic() - began) < float(seconds):
        while sent < past * int(rate):
            s.sendto(b"%d" % sent, (to, int(to_port)))
            sent += 1
        time.sleep(0.002)
    print(sent)


def join(iface, group):
    s = udp(0, ":" in group)
    take_part(s, group, socket.if_nametoindex(iface))
    signal.pause()


def hear(port, group=""):
    s = udp(port, ":" in group)
    if group:
        take_part(s, group, 0)
    print("ready", flush=True)
    while True:
        data, (host, their, *_) = s.recvfrom(65536)
        print(host, their, data.decode("ascii", "replace"), flush=True)


def raw(kind, iface, words):
    s = socket.socket(socket.AF_PACKET, kind, socket.htons(3))
    s.bind((iface, 0))
    own = open(f"/sys/class/net/{iface}/address").read().strip().replace(":", "") if kind == socket.SOCK_RAW else ""
    for word in words:
        data = bytes.fromhex(word.replace("MAC", own))
        if kind == socket.SOCK_RAW:
            s.send(data)
        else:
            s.sendto(data, (iface, 0x86dd if data[0] >> 4 == 6 else 0x0800))


def main(argv):
    verbs = {"sniff": sniff, "say": say, "join": join, "hear": hear, "repeat": repeat, "flood": flood,
             "spray": spray, "spread": spread,
             "frame": lambda i, *w: raw(socket.SOCK_RAW, i, w), "packet": lambda i, *w: raw(socket.SOCK_DGRAM, i, w)}
    if len(argv) < 2 or argv[1] not in verbs:
        sys.exit(__doc__)
    verbs[argv[1]](*argv[2:])


main(sys.argv)
