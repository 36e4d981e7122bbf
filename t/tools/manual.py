#!/usr/bin/python3
"""manual.py PROGRAM PAGE - what --help and the manual (mdoc) say differently about PROGRAM

Compared, both ways: long options, verbs, exit codes. Prints a line a difference; exit 1 if any.
In the manual an option, a verb or an exit code is described where a list has an item for it
(.It Fl -json, .It Cm alloc, .It 0); what running text mentions does not count.
"""
import re
import subprocess
import sys

program, page = sys.argv[1:]
text = subprocess.run([program, "--help"], check=True, capture_output=True, text=True).stdout
source = open(page).read()


def part(title):
    """The lines of one part of the help."""
    found = re.search(rf"^{title}:\n((?:  .*\n?)*)", text, re.M)
    return found.group(1) if found else ""


def items(section=None):
    """The lines that begin an item of a list, in one section or in all."""
    now = ""
    for line in source.splitlines():
        if line.startswith(".Sh "):
            now = line[4:].strip().strip('"')
        elif line.startswith(".It ") and section in (None, now):
            yield line[4:]


listed = "".join(body for body in re.findall(r"^Options(?: of \S+)?:\n((?:  .*\n)*)", text, re.M))
help_says = {
    "option": set(re.findall(r"^ +(?:-., )?--([a-z0-9-]+)", listed, re.M)),
    "verb": set(re.findall(r"^  ([a-z][a-z-]*)", part("Verbs"), re.M)),
    "exit code": set(re.findall(r"^  (\d+)", part("Exit codes"), re.M)),
}
manual_says = {
    "option": {name for item in items() for name in re.findall(r"\bFl (?:\\?-|-)([a-z0-9][a-z0-9\\-]+)", item)},
    "verb": {item.split()[1] for item in items() if item.startswith("Cm ")} if help_says["verb"] else set(),
    "exit code": {code for item in items("EXIT STATUS") for code in re.findall(r"\b(\d+)\b", item)},
}
manual_says["option"] = {name.replace("\\", "") for name in manual_says["option"]}
differences = [
    f"{page}: {kind} {name}: only in {where}"
    for kind in help_says
    for where, names in (
        ("--help", help_says[kind] - manual_says[kind]),
        ("the manual", manual_says[kind] - help_says[kind]),
    )
    for name in sorted(names)
]
if not help_says["option"] or not help_says["exit code"]:
    differences.append(f"{program} --help lists no options or no exit codes")
print("\n".join(differences), end="\n" if differences else "")
sys.exit(bool(differences))
