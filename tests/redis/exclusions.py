"""The list of tests of Redis' own suite that are not run against an image, each with its reason; and
what an image is started with for a unit besides."""

import dataclasses
import pathlib

LIST = pathlib.Path(__file__).with_name("excluded.txt")


@dataclasses.dataclass(frozen=True)
class Exclusion:
    unit: str
    test: str  # "*": the whole unit
    reason: str
    line: int
    platform: str  # where alone it holds, and there now and then; empty: everywhere, always


@dataclasses.dataclass
class List:
    path: pathlib.Path
    reasons: dict = dataclasses.field(default_factory=dict)  # name -> text
    options: dict = dataclasses.field(default_factory=dict)  # unit -> words for redis-server
    exclusions: list = dataclasses.field(default_factory=list)

    def on(self, platform):
        """What of it holds on a platform."""
        held = [e for e in self.exclusions if e.platform in ("", platform)]
        return dataclasses.replace(self, exclusions=held)

    def of(self, unit):
        return [e for e in self.exclusions if e.unit == unit and e.test != "*"]

    def whole(self):
        return {e.unit for e in self.exclusions if e.test == "*"}


class ListError(Exception):
    pass


def read(path=LIST):
    read_so_far, platforms, seen = List(path), {}, set()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        def wrong(what, number=number):
            raise ListError(f"{path.name}:{number}: {what}")
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split(maxsplit=2)
        if len(words) < 3:
            wrong("`reason NAME TEXT`, `start UNIT OPTIONS` or `NAME UNIT TEST`")
        if words[0] == "reason":
            name, _, platform = words[1].partition("@")
            if name in read_so_far.reasons:
                wrong(f"reason `{name}` is there already")
            read_so_far.reasons[name] = words[2]
            platforms[name] = platform
            continue
        if words[0] == "start":
            read_so_far.options[words[1]] = words[2].split()
            continue
        if words[0] not in read_so_far.reasons:
            wrong(f"no reason `{words[0]}`")
        if tuple(words[1:]) in seen:
            wrong(f"`{words[2]}` is there already")
        seen.add(tuple(words[1:]))
        read_so_far.exclusions.append(Exclusion(words[1], words[2], words[0], number,
                                                platforms[words[0]]))
    return read_so_far
