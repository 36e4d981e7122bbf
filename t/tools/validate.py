#!/usr/bin/python3
"""validate.py SCHEMA - holds JSON lines on standard input against a JSON schema (draft 7)

Each line must be one object. A reference like "terms.json#/definitions/peer" is looked for
beside the schema. Exit 0: at least one line, all fit. Exit 1: says which line, where and why.
"""
import json
import pathlib
import sys

import jsonschema

path = pathlib.Path(sys.argv[1]).resolve()
schema = json.loads(path.read_text())
jsonschema.Draft7Validator.check_schema(schema)
resolver = jsonschema.RefResolver(path.as_uri(), schema)
# A NaN or an Infinity is no JSON, whatever Python's reader thinks.
validator = jsonschema.Draft7Validator(schema, resolver=resolver)
bad = lines = 0


def complain(number, text):
    global bad
    bad += 1
    print(f"{path.name}: line {number}: {text}")


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


for lines, line in enumerate(sys.stdin, 1):
    try:
        value = json.loads(line, parse_constant=no_constant)
    except ValueError as why:
        complain(lines, f"{why}: {line[:120]!r}")
        continue
    if not isinstance(value, dict):
        complain(lines, "not an object")
    for error in validator.iter_errors(value):
        where = "/".join(str(part) for part in error.absolute_path) or "(top)"
        complain(lines, f"{where}: {error.message[:300]}")
if not lines:
    complain(0, "nothing to validate")
sys.exit(1 if bad else 0)
