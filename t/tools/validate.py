#!/usr/bin/python3
"""validate.py SCHEMA, validate.py --serve - hold JSON lines against a JSON schema (draft 7)

Each line must be one object. A reference like "terms.json#/definitions/peer" is looked for
beside the schema.

SCHEMA      reads standard input. Exit 0: at least one line, all fit. Exit 1: says which line, where and why.
--serve     prints a port of 127.0.0.1 and answers there until standard input ends, one question a
            connection: a line "COUNT SCHEMA" and COUNT lines. The answer's first line is the exit
            code, then what is wrong.
"""
import functools
import json
import os
import pathlib
import socketserver
import sys
import threading

import jsonschema


@functools.cache
def validator_of(path):
    schema = json.loads(path.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    resolver = jsonschema.RefResolver(path.as_uri(), schema)
    return jsonschema.Draft7Validator(schema, resolver=resolver)


# A NaN or an Infinity is no JSON, whatever Python's reader thinks.
def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def faults(validator, line):
    try:
        value = json.loads(line, parse_constant=no_constant)
    except ValueError as why:
        return [f"{why}: {line[:120]!r}"]
    found = [] if isinstance(value, dict) else ["not an object"]
    for error in validator.iter_errors(value):
        where = "/".join(str(part) for part in error.absolute_path) or "(top)"
        found.append(f"{where}: {error.message[:300]}")
    return found


def validate(path, lines):
    """Everything that is wrong, one text each."""
    path = pathlib.Path(path).resolve()
    validator = validator_of(path)
    bad = []
    number = 0
    for number, line in enumerate(lines, 1):
        bad += [f"{path.name}: line {number}: {text}" for text in faults(validator, line)]
    if not number:
        bad.append(f"{path.name}: line 0: nothing to validate")
    return bad


class Question(socketserver.StreamRequestHandler):
    def handle(self):
        try:
            count, path = self.rfile.readline().decode().rstrip("\n").split(" ", 1)
            lines = [self.rfile.readline().decode() for _ in range(int(count))]
            bad = validate(path, lines)
        except Exception as why:  # whoever asks must hear of it, and the others be served
            bad = [f"{type(why).__name__}: {why}"]
        self.wfile.write("\n".join([str(int(bool(bad)))] + bad + [""]).encode())


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


def serve():
    with Server(("127.0.0.1", 0), Question) as server:
        print(server.server_address[1], flush=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        os._exit(0)


if sys.argv[1] == "--serve":
    serve()
wrong = validate(sys.argv[1], sys.stdin)
print(*wrong, sep="\n", end="\n" if wrong else "")
sys.exit(1 if wrong else 0)
