"""Seeded bugs: each is caught by its hardening and passes unnoticed without it."""

import os
import pathlib
import re
import unittest

import image

BUILD = pathlib.Path(os.environ.get("FLEXOS_BUILD_DIR", "/tmp")) / "tests/runtime"

# What each hardening must say of each bug that it catches. The others must pass.
CAUGHT = {
    "stack-protector": {"canary": "canary", "return": "canary"},
    "ubsan": {
        "overflow": r"ubsan:signed-integer-overflow@seeded/arithmetic\.cc:\d+:\d+",
        "shift": r"ubsan:shift-out-of-bounds@seeded/arithmetic\.cc:\d+:\d+",
        "index": r"ubsan:index-out-of-bounds@seeded/arithmetic\.cc:\d+:\d+",
    },
    "asan": {
        "canary": "asan:stack-buffer-overflow:write:1",
        "heap": "asan:heap-buffer-overflow:write:1",
        "freed": "asan:heap-use-after-free:read:1",
        "stack": "asan:stack-buffer-overflow:read:1",
        "global": "asan:global-buffer-overflow:read:1",
        "return": "asan:stack-buffer-overflow:write:8",
    },
    "cfi": {"call": "cfi"},
    "safestack": {},
}
BUGS = ["canary", "overflow", "shift", "index", "heap", "freed", "stack", "global", "call", "return"]


def seeded(hardening):
    name = "+".join(hardening) or "none"
    return image.Image(BUILD / name, hardening,
                       {"seeded": image.expand("src/kernel/components/seeded/*.cc"),
                        "seeded_app": image.expand("src/kernel/components/seeded-app/*.cc")},
                       "seeded_app.seeded_app_main")


class SeededBugs(unittest.TestCase):
    def check(self, *hardening):
        subject = seeded(hardening)
        for bug in BUGS:
            kinds = [CAUGHT[h][bug] for h in hardening if bug in CAUGHT[h]]
            code, text = subject.run(bug)
            with self.subTest(bug=bug):
                if kinds:
                    pattern = rf"FLEXOS FAULT kind=({'|'.join(kinds)}) rip=0x\w+ address=0x\w+\n"
                    self.assertRegex(text, re.compile(f"^{pattern}$"))
                    self.assertEqual(code, 111)
                elif bug == "return" and "safestack" not in hardening:
                    self.assertEqual((code, text), (77, "seeded: hijacked\n"))
                else:
                    self.assertEqual((code, text), (0, f"seeded: {bug} passed unnoticed\n"))

    def test_none(self):
        self.check()

    def test_stack_protector(self):
        self.check("stack-protector")

    def test_ubsan(self):
        self.check("ubsan")

    def test_asan(self):
        self.check("asan")

    def test_cfi(self):
        self.check("cfi")

    def test_safestack(self):
        self.check("safestack")

    def test_all_with_asan(self):
        self.check("asan", "stack-protector", "ubsan", "cfi")

    def test_all_with_safestack(self):
        self.check("safestack", "stack-protector", "ubsan", "cfi")


class Checks(unittest.TestCase):
    """The runtime itself, by cases of checks.cc."""

    FINDINGS = {
        "copy_past_end": "heap-buffer-overflow:write:25",
        "copy_from_past_end": "heap-buffer-overflow:read:32",
        "set_past_end": "heap-buffer-overflow:write:25",
        "compiler_copies": "heap-buffer-overflow:read:512",
        "set_from_outside": "heap-buffer-overflow:write:1048576",
        "huge_copy": "wild-access:read:18446744073709551615",
        "long_copy_past_end": "heap-buffer-overflow:write:4096",
        "long_copy_far_past_end": "heap-buffer-overflow:read:4096",
        "long_copy_one_past_end": "heap-buffer-overflow:read:4094",
        "long_set_past_end": "heap-buffer-overflow:write:1998",
        "write_before": "heap-buffer-overflow:write:1",
        "write_last": "heap-buffer-overflow:write:1",
        "straddle": "heap-buffer-overflow:write:4",
        "free_twice": "double-free",
        "free_middle": "invalid-free",
        "free_stack": "invalid-free",
        "resize_freed": "double-realloc",
        "use_old_after_resize": "heap-use-after-free:write:1",
        "pages_past_end": "heap-buffer-overflow:write:1",
        "no_bytes": "heap-buffer-overflow:write:1",
        "array_past_end": "dynamic-stack-buffer-overflow:write:1",
        "scope_left": "stack-use-after-scope:write:1",
    }

    def image(self, *hardening):
        return image.Image(BUILD / ("checks-" + "+".join(hardening)), hardening,
                           {"checks": ["tests/runtime/checks.cc"]}, "checks.checks_main")

    def test_asan(self):
        subject = self.image("asan")
        for case, finding in self.FINDINGS.items():
            with self.subTest(case=case):
                code, text = subject.run(case)
                self.assertRegex(text, f"^FLEXOS FAULT kind=asan:{finding} rip=0x")
                self.assertEqual(code, 111)
        for case in ("honest", "jump_out"):
            with self.subTest(case=case):
                self.assertEqual(subject.run(case), (0, "came back\n"))

    def test_others_come_back(self):
        for hardening in (["safestack", "stack-protector", "ubsan", "cfi"], ["cfi", "asan", "ubsan"]):
            subject = self.image(*hardening)
            for case in ("honest", "jump_out", "threads"):
                with self.subTest(hardening=hardening, case=case):
                    self.assertEqual(subject.run(case), (0, "came back\n"))

    def test_canary_is_another_each_time(self):
        subject = self.image("stack-protector")
        seen = {subject.run("canary") for _ in range(8)}
        self.assertEqual(len(seen), 8)


if __name__ == "__main__":
    unittest.main()
