"""What the tests of exploring share: a spec whose images are small, and the tool."""

import json
import pathlib
import sys

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from tool import BUILD, INFEASIBLE, ROOT, SMALL, TOOL, ToolTest  # noqa: E402

# Two components that call each other over one boundary, and what they need to run.
MICRO = """\
flexos: 1
name: micro
application: micro
workload: micro/gates
components: [micro, echo, libc, vfs, ramfs, time, sched, alloc, console, random]
security:
  - isolate: [echo, micro]
    at_least: mpk.light
budget: {slowdown: 500, keys: 3}
explore: {mechanisms: [none, mpk.light, mpk.full, pt], hardening: [], top: 2}
profile:                        # guesses: every boundary costs something, so few are worth a look
  base: 1000
  calls:
    micro: {echo: 10, libc: 2}
    libc: {vfs: 1, alloc: 1, console: 1, time: 1, random: 1, sched: 1}
    vfs: {ramfs: 1, alloc: 1, console: 1}
    ramfs: {alloc: 1, time: 1}
    sched: {time: 1}
    random: {time: 1}
  work: {micro: 500, echo: 100}
"""

__all__ = ["BUILD", "INFEASIBLE", "MICRO", "ROOT", "SMALL", "TOOL", "ExploreTest", "ToolTest"]


class ExploreTest(ToolTest):
    def setUp(self):
        super().setUp()
        self.environment["FLEXOS_CALIBRATION"] = "none"
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        # Without the page's bundle (built once, from npm) everything else is there all the same.
        self.page = (ROOT / "build/report/bundle.js").exists()

    def explore(self, *arguments, code=0, **options):
        """Runs the tool on arguments; the code where nothing but the page may be missing."""
        run = self.run_tool(*arguments, timeout=800, **options)
        expected = code if self.page or code else 3
        self.assertEqual(run.returncode, expected, run.stderr)
        return run

    def data(self, name="micro", folder="explored"):
        """The data of a report, as its schema has it."""
        data = json.loads((self.folder / folder / f"{name}.json").read_text())
        schema = json.loads((ROOT / "specs/schema/report.json").read_text())
        jsonschema.Draft7Validator(schema).validate(data)
        return data
