"""Hardened SQLite: it is built, it computes the same, and what hardens it is really in the image.

A few images stand for all; bench/harden/matrix goes through every component and hardening."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

import cells
from cells import Cell

QEMU = shutil.which("qemu-system-x86_64")

# What a component's own code looks like with a hardening, and how often at least in SQLite and in musl.
MARKS = {
    "stack-protector": (r"call .*<def\.rt\.1\.__stack_chk_fail>", 50, 20),
    "ubsan": (r"call .*<def\.rt\.1\.__ubsan_handle_\w+>", 5000, 500),
    "asan": (r"call .*<def\.rt\.1\.__asan_\w+>", 5000, 500),
    "cfi": (r"\bud2\b", 100, 10),
    "safestack": (r"call .*<def\.rt\.1\.__safestack_pointer_address>", 100, 20),
}


class Hardened(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, cell, platform="linux"):
        image, error = cells.build(cell, platform, self.folder)
        self.assertIsNotNone(image, error)
        return image

    def code(self, image, component):
        """The component's code in an image, by function."""
        text = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--section=.text.{component}",
                               image["image"]], capture_output=True, text=True, check=True).stdout
        functions = re.split(r"^[0-9a-f]+ <([^>]+)>:$", text, flags=re.MULTILINE)[1:]
        return dict(zip(functions[::2], functions[1::2]))

    def runs(self, *cells_and_platforms):
        for cell, platform in cells_and_platforms:
            with self.subTest(cell=cell.name, platform=platform):
                self.assertEqual(cells.check(cell, platform, self.folder), "")

    def whole(self, hardening):
        """All components with it: it is in the code of both large ones, and not where it is not to be."""
        pattern, in_sqlite, in_libc = MARKS[hardening]
        image = self.build(Cell((f"*={hardening}",)))
        for component, least in (("sqlite", in_sqlite), ("libc", in_libc)):
            found = len(re.findall(pattern, "".join(self.code(image, component).values())))
            self.assertGreaterEqual(found, least, component)
        plain = self.build(Cell((f"libc={hardening}",)))
        self.assertEqual(re.findall(pattern, "".join(self.code(plain, "sqlite").values())), [])
        well, text = cells.run(image, *cells.INSERTS)
        self.assertTrue(well, text)
        for line in cells.EXPECTED:
            self.assertIn(line, text)

    def test_stack_protector(self):
        self.whole("stack-protector")

    def test_ubsan(self):
        self.whole("ubsan")

    def test_asan(self):
        self.whole("asan")

    def test_cfi(self):
        self.whole("cfi")

    def test_safestack(self):
        self.whole("safestack")

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_in_a_machine_of_its_own(self):
        self.runs(*((Cell((f"*={h}",)), "qemu") for h in cells.HARDENINGS))

    def test_hardenings_meet(self):
        self.runs(*((cell, "linux") for cell in cells.PREPARED[len(cells.HARDENINGS):]))

    def test_hardenings_meet_in_one_compartment(self):
        self.runs((Cell(("sqlite+sqlite-bench=asan", "libc+vfs+ramfs=safestack",
                         "random+time=cfi")), "linux"),
                  (Cell(("sqlite=cfi", "libc=ubsan", "ramfs=stack-protector")), "linux"))

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_behind_gates(self):
        self.runs(*((Cell(harden, cells.LIBRARY_APART, mechanism), "qemu")
                    for mechanism in ("mpk.light", "mpk.full")
                    for harden in (("*=asan+ubsan+stack-protector+cfi",),
                                   ("*=cfi+safestack+ubsan+stack-protector",))))

    def test_what_is_left_out_is_there_and_is_all_that_is_left_out(self):
        for component, hardening in (("sqlite", "cfi"), ("libc", "asan")):
            text = yaml.safe_load((cells.ROOT / f"specs/components/{component}.yaml").read_text())
            names = [f for e in text["build"]["unhardened"][hardening] for f in e["functions"]]
            self.assertTrue(names)
            code = self.code(self.build(Cell((f"*={hardening}",))), component)
            for function in names:
                known = [f for f in code if f.rsplit(".", 1)[-1] == function.lstrip("_")
                         or f == function]
                for one in known:
                    checks = len(re.findall(MARKS[hardening][0], code[one]))
                    # What was inlined into it keeps its own checks; its own calls have none.
                    most = len(re.findall(r"(?:call|jmp) +\*", code[one])) - 1
                    self.assertLessEqual(checks, max(most, 0) if hardening == "cfi" else 0, one)

    def test_what_cannot_be_is_refused(self):
        for harden, said in ((("sched=safestack",), "`sched` cannot be built with `safestack`"),
                             (("alloc=asan",), "`alloc` cannot be built with `asan`"),
                             (("sqlite=asan+safestack",), "cannot have both"),
                             (("sqlit=asan",), "there is no component `sqlit`"),
                             (("sqlite=assan",), "there is no hardening `assan`"),
                             (("sqlite",), "names no hardening")):
            image, error = cells.build(Cell(harden), "linux", self.folder)
            self.assertIsNone(image)
            self.assertIn(said, error)


if __name__ == "__main__":
    unittest.main()
