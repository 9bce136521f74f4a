"""Starts the tool for the end-to-end tests, and makes the specs that they ask about."""

import json
import os
import pathlib
import random
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", ROOT / "build/release"))
TOOL = BUILD / "bin/flexos-explore"
EXAMPLES = ROOT / "examples"
COMMANDS = ("check", "rank", "frontier", "safest", "compartments", "explain")
IMAGE_COMMANDS = ("run", "scan", "inspect")

# A network stack without any guarantee, and an application with something to lose.
SMALL = """\
flexos: 1
name: small
components:
  - component: app
    behavior: {reads: [own, shared], writes: [own, shared], calls: [net.send, fs.open]}
    requires: {reads: [shared], writes: [shared]}
    api: [main]
  - component: fs
    behavior: {reads: [own, shared], writes: [own, shared], calls: []}
    api: [open]
  - component: net
    behavior: {reads: "*", writes: "*", calls: "*"}
    calls: {fs: [open]}
    api: [send]
security:
  - isolate: [net, app]
budget: {keys: 4}
explore: {mechanisms: [none, mpk.light, mpk.full, pt], hardening: [asan, cfi], top: 5}
profile:
  base: 10000
  calls: {app: {net: 10, fs: 4}}
  work: {app: 4000, net: 3000, fs: 1000}
"""

# Together and isolated at the same time: lines 9 and 10 contradict each other.
INFEASIBLE = """\
flexos: 1
name: contradiction
components:
  - {component: a, api: [f]}
  - {component: b, api: [g]}
  - {component: c, api: [h]}
security:
  - isolate: [a, c]
  - together: [a, b]
  - isolate: [a, b]
profile: {base: 1000, calls: {a: {b: 1}}, work: {a: 10, b: 10, c: 10}}
"""


def hard_spec(components, seed):
    """A spec whose best configuration takes long to prove: dense calls of similar weight."""
    draw = random.Random(seed)
    names = [f"c{i:02d}" for i in range(components)]
    calls = {a: {b: draw.randint(50, 99) for b in names if b != a and draw.random() < 0.5}
             for a in names}
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1:]]
    return json.dumps({
        "flexos": 1, "name": "hard",
        "components": [{"component": name, "api": ["f"]} for name in names],
        "security": [{"isolate": list(pair)} for pair in pairs if draw.random() < 0.3],
        "explore": {"mechanisms": ["none", "mpk.light", "mpk.full", "pt", "vm"],
                    "hardening": ["stack-protector", "asan"]},
        "profile": {"base": 1000000, "calls": calls,
                    "work": {name: draw.randint(1000, 2000) for name in names}},
    })


class ToolTest(unittest.TestCase):
    """A test in an empty folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flexos-e2e."))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.environment = {name: value for name, value in os.environ.items()
                            if name not in ("NO_COLOR", "CLICOLOR_FORCE", "FLEXOS_SPECS")}
        self.environment["TERM"] = "xterm-256color"

    def spec(self, text, name="spec.yaml"):
        """Writes a spec; gives its name in the test's folder."""
        (self.folder / name).write_text(text)
        return name

    def run_tool(self, *arguments, tool=TOOL, timeout=100, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run([tool, *map(str, arguments)], cwd=self.folder, text=True,
                              env=self.environment, stdin=subprocess.DEVNULL, timeout=timeout,
                              **options)

    def answer(self, *arguments, code=0, **options):
        """The JSON that the tool answers with; nothing else is on stdout."""
        run = self.run_tool(*arguments, "--format", "json", **options)
        self.assertEqual(run.returncode, code, run.stderr)
        return json.loads(run.stdout)

    def assert_fails(self, run, code, *words):
        """Ended with this code, said nothing on stdout and each of the words on stderr."""
        self.assertEqual(run.returncode, code, run.stderr)
        self.assertEqual(run.stdout, "")
        for word in words:
            self.assertIn(word, run.stderr)
