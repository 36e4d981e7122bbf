#!/usr/bin/python3
"""vocabulary.py TERMS SCHEMA... - the schemas against the one vocabulary

Each schema is a valid draft 7 schema of an object with a title, and every member
that it names is in TERMS, with a type that TERMS allows; null says unknown anywhere. Counters by
reason (COUNTERS) are named by their reasons, not by words. Prints a line a fault; exit 1 if any.
"""
import json
import sys

import jsonschema

terms = {name: set(entry["type"].replace("array of string", "array").split(", ")) for name, entry in json.load(open(sys.argv[1])).items()}
faults = []
COUNTERS = {"dropped", "drops"}


def types(schema):
    """The types that a schema allows, by "type", "enum" and "const"; None when it leaves them open."""
    if "enum" in schema or "const" in schema:
        names = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
        return {names[type(value)] for value in schema.get("enum", [schema.get("const")])}
    kind = schema.get("type")
    return {kind} if isinstance(kind, str) else set(kind) if kind else None


def walk(path, schema):
    if isinstance(schema, list):
        for part in schema:
            walk(path, part)
    if not isinstance(schema, dict):
        return
    for name, member in schema.get("properties", {}).items():
        allowed = terms.get(name)
        found = types(member)
        if allowed is None:
            faults.append(f"{path}: {name} is not in the vocabulary")
        elif found and not found <= allowed | {"null"} | ({"integer"} if "number" in allowed else set()):
            faults.append(f"{path}: {name} is {sorted(found)}, in the vocabulary {sorted(allowed)}")
    for key, part in schema.items():
        if key == "properties":
            for name, member in part.items():
                if name not in COUNTERS:
                    walk(path, member)
        elif key not in ("enum", "const", "examples", "default", "required"):
            walk(path, part)


for path in sys.argv[2:]:
    schema = json.load(open(path))
    try:
        jsonschema.Draft7Validator.check_schema(schema)
    except jsonschema.SchemaError as why:
        faults.append(f"{path}: {why.message}")
    for member in ("$schema", "title"):
        if member not in schema:
            faults.append(f"{path}: has no {member}")
    if types(schema) != {"object"}:
        faults.append(f"{path}: is not the schema of an object")
    walk(path, schema)
print("\n".join(faults), end="\n" if faults else "")
sys.exit(bool(faults))
