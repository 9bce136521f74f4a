#!/usr/bin/python3
"""The linux platform under a hand-made image (image.cc): each probe, what becomes of it.

Images without keys run here; those with keys in an emulated machine that has some
(tests/image/linux-guest/run), all in one boot.
"""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
KERNEL = ROOT / "src" / "kernel"
GUEST = HERE.parent / "linux-guest" / "run"
FLAGS = ["--target=x86_64-unknown-none-elf", "-ffreestanding", "-fno-exceptions", "-fno-rtti",
         "-std=c++20", "-fno-pic", "-mcmodel=small", "-O2", "-ffunction-sections",
         "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fno-stack-protector",
         "-mgeneral-regs-only", "-mno-red-zone", "-Wall",
         "-Wextra", "-Wshadow", "-Wconversion", "-Werror", "-I", str(KERNEL / "include")]

EVERYTHING = 0
# Probe -> what the fault line says, of a component without services in a compartment of its own.
WITH_KEYS = {
    1: ("kind=pkey", "access=r"),  # reads another compartment
    2: ("kind=pkey", "access=w"),  # writes another compartment
    3: ("kind=syscall", "address=0x1 "),  # system call of its own
    4: ("kind=service", "address=0x1 "),  # jumps to the platform's write with a guessed grant
    5: ("kind=syscall", "address=0xa "),  # jumps to one of the platform's start: mprotect
    6: ("kind=service", "pkru=0x0 "),  # jumps to where rights are raised, as somebody else
    7: ("kind=pkru", "pkru=0x55555550 "),  # jumps to where they are lowered, to another's rights
    8: ("kind=pkru", "pkru=0x0 "),  # ... to all rights
    9: ("kind=page", "access=w"),  # forges the running thread's number
    10: ("kind=pkey", "access=r"),  # reads the platform
    11: ("kind=service", "address=0x1 "),  # writes to the console without the right
    12: ("kind=service",),  # asks for the time without the right
    13: ("kind=service", "address=0x3 "),  # switches threads without the right
    14: ("kind=pkey", "access=r"),  # steals another's grant
    15: ("kind=service", "address=0xf "),  # rt_sigreturn from one of the platform's sites
    17: ("kind=service", "address=0x13e "),  # random numbers without the right
    18: ("kind=pkru", "pkru=0x55555550 "),  # where rights are raised, to another's instead
}
# What compartments do not change.
ALWAYS = {
    5: ("kind=syscall", "address=0xa "),
    9: ("kind=page", "access=w"),
    3: ("kind=syscall", "address=0x1 "),
    20: ("kind=ud",),
    21: ("kind=div",),
    22: ("kind=gp",),
    23: ("kind=syscall", "address=0x1 "),
    24: ("kind=page", "access=w"),
    25: ("kind=canary", "rip=0x1234", "address=0x5678"),
    27: ("address=0x",),  # the vsyscall page: by the filter, or the kernel has none
    28: ("kind=page", "access=x"),
    29: ("kind=page", "access=w"),
    30: ("kind=page", "address=0x10 ", "access=r"),
    31: ("kind=x ",),
    32: ("kind=thread",),
    33: ("kind=thread",),
}

# A defence that is taken away, and the probe that must notice.
MUTANTS = [
    (3, "seccomp.cc", "add(kEqual, static_cast<uint32_t>(address(site)), 0, demands + 1);",
     "add(kEqual, static_cast<uint32_t>(address(site)), 0, 0);"),
    (4, "seccomp.cc", "if (word != kAny) {", "if (false) {"),
    (6, "thread.cc", "r.identity != state.identity[r.caller]", "false"),
    (7, "entry.S", "    je    platform_forged\n    movq  platform_grants + GRANT_LANDING",
     "    movq  platform_grants + GRANT_LANDING"),
    (9, "start.cc", "SYS_mmap, seen, PAGE, FLEXOS_READ,", "SYS_mmap, seen, PAGE, kReadWrite,"),
    (10, "start.cc", "protect(own, address(__platform_data_end) - own, kReadWrite, kKeys);",
     "protect(own, address(__platform_data_end) - own, kReadWrite, 0);"),
    (14, "start.cc", "kReadWrite, key_of(k));", "kReadWrite, 0 * key_of(k));"),
    (18, "entry.S", "    testl %eax, %eax\n    jne   platform_forged", "    testl %eax, %eax"),
]


def run(*command):
    subprocess.run([str(word) for word in command], check=True, stdin=subprocess.DEVNULL)


def compile_platform(source, out, keys):
    flags = FLAGS if source.suffix == ".cc" else FLAGS[:1]
    run("clang-19", *flags, f"-DFLEXOS_KEYS={keys}", "-I", KERNEL / "linux", "-c", source,
        "-o", out)
    return out


class Workshop:
    """Makes the image of a probe, and of what goes into it only what is asked for."""

    def __init__(self, folder):
        self.folder = folder
        self.sources = sorted([*KERNEL.glob("linux/*.cc"), KERNEL / "linux" / "entry.S"])
        script = (HERE / "image.ld").read_text()
        for part in ("headers.ld", "sections.ld"):
            script = script.replace(f"@{part}@", (KERNEL / "linux" / part).read_text())
        (folder / "image.ld").write_text(script)

    @functools.cache
    def objects(self, keys):
        return {source.name: compile_platform(source, self.folder / f"{source.name}{keys}.o", keys)
                for source in self.sources}

    @functools.cache
    def platform(self, keys, mutant=None):
        objects = dict(self.objects(keys))
        if mutant is not None:
            _, name, defence, nothing = MUTANTS[mutant]
            text = (KERNEL / "linux" / name).read_text()
            assert text.count(defence) == 1, defence
            changed = self.folder / f"{mutant}{name}"
            changed.write_text(text.replace(defence, nothing))
            objects[name] = compile_platform(changed, self.folder / f"{changed.name}.o", keys)
        out = self.folder / f"platform{keys}-{mutant}.o"
        run("ld.lld-19", "-r", "-o", out, *objects.values())
        return out

    @functools.cache
    def components(self, keys):
        out = [self.folder / f"image{keys}.o", self.folder / f"gates{keys}.o"]
        run("clang-19", *FLAGS, f"-DKEYS={keys}", "-c", HERE / "image.cc", "-o", out[0])
        run("clang-19", FLAGS[0], f"-DKEYS={keys}", "-c", HERE / "gates.S", "-o", out[1])
        return out

    def image(self, keys, probe, platform=None):
        """`platform`: another than the one for images with or without keys."""
        out = self.folder / f"image{keys}-{probe}"
        run("ld.lld-19", "-static", "-T", self.folder / "image.ld",
            f"--defsym=probe={1000 + probe}", "-o", out, *self.components(keys),
            platform or self.platform(keys))
        return out


class LinuxPlatform(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.workshop = Workshop(pathlib.Path(cls.folder.name))
        cls.image = cls.workshop.image

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def native(self, probe, keys=0, platform=None, arguments=()):
        done = subprocess.run([self.image(keys, probe, platform), *arguments], capture_output=True,
                              text=True, timeout=20, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def guest(self, images):
        """Per image: how it ended, what it said. From one boot."""
        done = subprocess.run([GUEST, "--timeout", "100", *images], stdout=subprocess.PIPE,
                              text=True, stdin=subprocess.DEVNULL)
        said, ends = [], []
        for line in done.stdout.splitlines():
            if line.startswith(("GUEST exit ", "GUEST signal ")):
                ends.append((line.removeprefix("GUEST "), "\n".join(said)))
                said = []
            else:
                said.append(line)
        self.assertEqual(len(ends), len(images), done.stdout)
        return ends

    def check_fault(self, text, words):
        lines = text.splitlines()
        self.assertTrue(lines[-2].startswith("FLEXOS FAULT "), text)
        for word in words:
            self.assertIn(word, lines[-2] + " ")
        self.assertEqual(lines[-1], "FLEXOS EXIT 111")
        self.assertNotIn("BAD", text)

    def test_services_without_keys(self):
        code, out, err = self.native(EVERYTHING)
        self.assertNotIn("BAD", out)
        self.assertIn("took turns", out)
        self.assertEqual((code, err), (7, "FLEXOS EXIT 7\n"))

    def test_arguments(self):
        for words in ((), ("one",), ("one", "two  three"), ("x" * 5000,)):
            with self.subTest(words=words):
                code, out, _ = self.native(EVERYTHING, arguments=words)
                self.assertEqual(code, 7)
                self.assertIn(f"arguments: {' '.join(words)[:63]}\n", out)

    def test_platform_with_keys_runs_an_image_without(self):
        code, out, _ = self.native(EVERYTHING, platform=self.workshop.platform(1))
        self.assertEqual(code, 7)
        self.assertNotIn("BAD", out)

    def test_no_wrpkru_in_an_image_without_keys(self):
        self.assertNotIn(b"\x0f\x01\xef", self.image(0, EVERYTHING).read_bytes())
        self.assertIn(b"\x0f\x01\xef", self.image(1, EVERYTHING).read_bytes())

    def test_platform_without_keys_refuses_an_image_with(self):
        code, _, err = self.native(EVERYTHING, keys=1, platform=self.workshop.platform(0))
        self.assertEqual(code, 112)
        self.assertIn("kind=image ", err)

    def test_faults_without_keys(self):
        for probe, words in ALWAYS.items():
            with self.subTest(probe=probe):
                code, out, err = self.native(probe)
                self.check_fault(out + err, words)
                self.assertEqual(code, 111)

    def test_attacks_succeed_without_keys(self):
        for probe in (1, 12, 17):
            with self.subTest(probe=probe):
                code, out, _ = self.native(probe)
                self.assertEqual(code, 0)
                self.assertIn("BAD", out)

    def test_exit_code(self):
        self.assertEqual(self.native(26), (3, "", "FLEXOS EXIT 3\n"))

    def test_console_gone(self):
        """A full or closed console is no reason to hang or to die in silence."""
        with open("/dev/full", "w") as full:
            done = subprocess.run([self.image(0, EVERYTHING)], stdout=full, timeout=20,
                                  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.assertEqual((done.returncode, done.stderr), (7, "FLEXOS EXIT 7\n"))

    def test_console_closed(self):
        """Then no file of the platform's own may take its place."""
        command = f"{self.image(0, EVERYTHING)} <&- >&-"
        done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual((done.returncode, done.stderr), (7, "FLEXOS EXIT 7\n"))

    def test_nothing_else_is_mapped(self):
        """While it sleeps: its own memory, its regions, and nothing of what the kernel gave it."""
        image = subprocess.Popen([self.image(0, 34)], stdin=subprocess.DEVNULL)
        try:
            maps = ""
            until = time.monotonic() + 10
            while ("[vdso]" in maps or not maps) and time.monotonic() < until:
                time.sleep(0.1)
                maps = pathlib.Path(f"/proc/{image.pid}/maps").read_text()
            files = os.listdir(f"/proc/{image.pid}/fd")
        finally:
            image.kill()
            image.wait()
        for line in maps.splitlines():
            start = int(line.split("-")[0], 16)
            rights = line.split()[1]
            self.assertFalse("w" in rights and "x" in rights, line)
            if "[vsyscall]" not in line:
                # The thread contexts stand alone.
                self.assertTrue(0x800000 <= start < 0x1100000 or rights == "rw-p", line)
            for name in ("[stack]", "[vdso]", "[vvar", "[heap]"):
                self.assertNotIn(name, line)
        self.assertEqual(sorted(files), ["0", "1", "2"])

    def test_machine_without_keys(self):
        with open("/proc/cpuinfo") as info:
            if "ospke" in info.read():
                self.skipTest("this machine has keys")
        code, out, err = self.native(EVERYTHING, keys=1)
        self.assertEqual((code, out), (112, ""))
        self.assertEqual(len(err.splitlines()), 2)
        self.assertTrue(err.startswith("FLEXOS FAULT kind=no-pku "), err)

    def test_with_keys(self):
        probes = [EVERYTHING, 16, 26, *WITH_KEYS, *(p for p in ALWAYS if p not in WITH_KEYS)]
        ends = dict(zip(probes, self.guest([self.image(1, p) for p in probes])))
        end, said = ends[EVERYTHING]
        self.assertNotIn("BAD", said)
        self.assertIn("no deputy", said)
        self.assertEqual(end, "exit 7")
        # The platform's last words can be had from anywhere, but nothing comes after them.
        self.assertTrue(ends[16][1].endswith("forged"), ends[16])
        self.assertEqual(ends[26], ("exit 3", "FLEXOS EXIT 3"))
        for probe, words in {**ALWAYS, **WITH_KEYS}.items():
            with self.subTest(probe=probe):
                self.check_fault(ends[probe][1], words)
                self.assertEqual(ends[probe][0], "exit 111")

    def test_no_defence_can_be_missed(self):
        # The images of one probe have one name, so no two mutants may share a probe.
        images = [self.image(1, probe, self.workshop.platform(1, number))
                  for number, (probe, *_) in enumerate(MUTANTS)]
        for (probe, *_), (end, said) in zip(MUTANTS, self.guest(images)):
            with self.subTest(probe=probe):
                as_if_there = all(word in said + " " for word in WITH_KEYS[probe])
                self.assertFalse(as_if_there, (end, said))


if __name__ == "__main__":
    unittest.main()
