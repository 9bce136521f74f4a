"""Attack probes inside images of `micro`: observed equals promised, and both change with the walls."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import ECHO_SERVER, QEMU, ROOT, TOOL  # noqa: E402

SPEC = ROOT / "examples/micro.yaml"
TWO = "micro+libc+vfs+ramfs+sched+alloc+console+random|echo+time"
THREE = "micro+libc+sched+alloc+console+random|vfs+ramfs|echo+time"
ECHO_REST = "echo-server+libc+vfs+ramfs+time+sched+alloc+console+random"


def attack(*arguments):
    run = subprocess.run([TOOL, "attack", *map(str, arguments), "--format", "json"],
                         stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=550,
                         check=False)
    return run.returncode, json.loads(run.stdout) if run.stdout else None, run.stderr


class Attack(unittest.TestCase):
    def image(self, *arguments, spec=SPEC):
        """The one image, as promised to the last cell: (attack, attacker, victim) -> observed."""
        code, answer, errors = attack(spec, *arguments)
        self.assertIsNotNone(answer, errors)
        image, = answer["images"]
        wrong = [c for c in image["cells"] if not c["agrees"]]
        self.assertEqual(wrong, [])
        self.assertEqual((code, answer["agrees"]), (0, True))
        return {(c["attack"], c["attacker"], c["victim"]): c["observed"] for c in image["cells"]}

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_frames_are_sent_by_the_device_alone(self):
        """Of three compartments one has the network's right; it is the others that are refused."""
        with tempfile.TemporaryDirectory() as folder:
            spec = pathlib.Path(folder) / "echo-server.yaml"
            spec.write_text(ECHO_SERVER)
            cells = self.image("--layout", f"{ECHO_REST}|lwip|netdev", "--platform", "qemu", "--only",
                               "network", "--only", "network-jump", spec=spec)
        self.assertEqual(set(cells.values()), {"service"})
        self.assertEqual({attacker for _, attacker, _ in cells}, {1, 2})

    def assert_unprotected(self, cells):
        for name in ("read-data", "write-data", "read-heap", "write-heap", "read-stack",
                     "write-stack", "call-private", "registers-of-caller", "stack-of-callee"):
            self.assertEqual(cells[name, 1, 1], "open", name)
        # Not everything is lost even so.
        self.assertEqual(cells["write-text", 1, 1], "page/w")
        self.assertEqual(cells["own-wrpkru", 1, "platform"], "page/x")
        # Nor sent: this image has no netdev. On linux it takes a tap to try.
        for name in ("network", "network-jump"):
            self.assertEqual(cells.get((name, 1, "platform"), "service"), "service", name)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_unprotected_on_qemu(self):
        self.assert_unprotected(self.image("--unprotected", "--platform", "qemu"))

    def test_unprotected_on_linux(self):
        cells = self.image("--unprotected", "--platform", "linux")
        self.assert_unprotected(cells)
        self.assertEqual(cells["syscall", 1, "platform"], "syscall")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_light(self):
        cells = self.image("--layout", THREE, "--mechanism", "mpk.light", "--platform", "qemu")
        for victim in (2, 3):
            self.assertEqual(cells["read-data", 1, victim], "pkey/r")
            self.assertEqual(cells["read-stack", 1, victim], "open")
            self.assertEqual(cells["return-half", 1, victim], "open")
            self.assertEqual(cells["callback-late", 1, victim], "callback")
            self.assertEqual(cells["callback-third", 1, victim], "pkey/r")
        self.assertEqual(cells["deputy", 1, 2], "pkey/r")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_full(self):
        cells = self.image("--layout", THREE, "--mechanism", "mpk.full", "--platform", "qemu")
        for victim in (2, 3):
            self.assertEqual(cells["read-stack", 1, victim], "pkey/r")
            self.assertEqual(cells["return-half", 1, victim], "gate")
            self.assertEqual(cells["registers-of-callee", 1, victim], "held")
            self.assertEqual(cells["callback-raw", 1, victim], "callback")
            self.assertEqual(cells["callback-type", 1, victim], "cfi")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_each_defence_of_full_gates_is_needed(self):
        self.assert_needed("mpk.full", 20)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_each_defence_of_light_gates_is_needed(self):
        self.assert_needed("mpk.light", 14)

    def assert_needed(self, mechanism, defences):
        code, answer, errors = attack(SPEC, "--layout", TWO, "--mechanism", mechanism, "--platform",
                                      "qemu", "--mutate", "--timeout", "5")
        self.assertIsNotNone(answer, errors)
        self.assertEqual(answer["whole"]["differences"], 0)
        idle = [m["without"] for m in answer["mutations"] if m["turned"] == 0]
        self.assertEqual(idle, [])
        self.assertEqual(len(answer["mutations"]), defences)
        self.assertEqual((code, answer["agrees"]), (0, True))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_a_broken_promise_is_exit_code_1_and_says_why(self):
        code, answer, _ = attack(SPEC, "--layout", TWO, "--platform", "qemu", "--without",
                                 "register-scrub", "--only", "registers-of-caller")
        self.assertEqual(code, 1)
        wrong = [c for c in answer["images"][0]["cells"] if not c["agrees"]]
        self.assertEqual({(c["expected"], c["observed"]) for c in wrong}, {("held", "open")})
        self.assertTrue(all(c["why"] for c in wrong))

    def test_an_attack_that_is_none(self):
        code, _, errors = attack(SPEC, "--unprotected", "--only", "reed-text")
        self.assertEqual(code, 2)
        self.assertIn("reed-text", errors)


if __name__ == "__main__":
    unittest.main()
