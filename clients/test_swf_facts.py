"""Each fact of swf-facts.txt is held by something that is there."""

import pathlib
import re

from test_swf_commands import GROUPS
from test_swf_profiles import READ
from test_swf_transcripts import TRANSCRIPTS

FACTS = pathlib.Path(__file__).with_name("swf-facts.txt")
REPOSITORY = FACTS.parent.parent
FACTS_MIN = 150


def _read() -> dict:
    """What holds each fact."""
    facts = {}
    for line in FACTS.read_text().splitlines():
        if line.startswith("  "):
            facts[fact].append(line.strip())
        elif line and not line.startswith("#"):
            fact = line
            assert fact not in facts, f"it is there twice: {fact}"
            facts[fact] = []
    return facts


def _tests(path: str) -> set:
    """The names of the tests in a file of Rust or Python."""
    of_python = path.endswith(".py")
    text = (FACTS.parent / path if of_python else REPOSITORY / path).read_text()
    if of_python:
        return set(re.findall(r"^def (test_\w+)", text, re.MULTILINE))
    return set(re.findall(r"#\[test\]\n(?:\s*#\[.*\n)*\s*fn (\w+)", text))


def test_facts_are_held_by_what_is_there():
    lines = {line.partition(" > ")[0] for lines in GROUPS.values() for line in lines}
    lines |= {heading for heading, *_ in READ}
    headings = set(re.findall(r"^## (.*)", TRANSCRIPTS.read_text(), re.MULTILINE))
    missing = []
    facts = _read()
    for fact, held in facts.items():
        for what in held:
            mark, _, name = what.partition(" ")
            known = {"$": lines, "=": headings}.get(mark)
            if known is None:
                known = _tests(mark.removesuffix(":"))
            if name not in known:
                missing.append((fact, what))
        if not held:
            missing.append((fact, "nothing holds it"))
    assert not missing, "\n".join(map(str, missing))
    assert len(facts) >= FACTS_MIN
