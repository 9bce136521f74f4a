"""The list of tests of Redis' own suite that are not run against an image, each with its reason."""

import dataclasses
import pathlib

LIST = pathlib.Path(__file__).with_name("excluded.txt")


@dataclasses.dataclass(frozen=True)
class Exclusion:
    unit: str
    test: str  # "*": the whole unit
    reason: str
    line: int


class ListError(Exception):
    pass


def read(path=LIST):
    """Reasons by name, and exclusions in the order of the file."""
    reasons, exclusions, seen = {}, [], set()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        def wrong(what, number=number):
            raise ListError(f"{path.name}:{number}: {what}")
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(maxsplit=2)
        if len(words) < 3:
            wrong("`reason NAME TEXT` or `NAME UNIT TEST`")
        if words[0] == "reason":
            if words[1] in reasons:
                wrong(f"reason `{words[1]}` is there already")
            reasons[words[1]] = words[2]
            continue
        if words[0] not in reasons:
            wrong(f"no reason `{words[0]}`")
        if tuple(words[1:]) in seen:
            wrong(f"`{words[2]}` is there already")
        seen.add(tuple(words[1:]))
        exclusions.append(Exclusion(words[1], words[2], words[0], number))
    return reasons, exclusions
