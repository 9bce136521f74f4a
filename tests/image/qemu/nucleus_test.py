"""The nucleus under attack: small images, linked by hand, that do one thing each in ring 3.

What KVM cannot do here (protection keys, or anything at all) is left out there, never under TCG.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
HERE = pathlib.Path(__file__).resolve().parent
NUCLEUS = ROOT / "src/kernel/qemu"
FLAGS = ["--target=x86_64-unknown-none-elf", "-ffreestanding", f"-I{ROOT / 'src/kernel/include'}"]
CXX = ["-fno-pic", "-mcmodel=small", "-O2", "-std=c++20", "-fno-exceptions", "-fno-rtti", "-Wall",
       "-Wextra", "-Wshadow", "-Wconversion", "-Werror"]
RING0 = ["-mno-red-zone", "-mgeneral-regs-only", "-ffunction-sections", "-fdata-sections"]
MICROVM = ["-machine", "microvm,acpi=off,pit=off,pic=off,rtc=on,auto-kernel-cmdline=off",
           "-bios", "qboot.rom"]
TCG = ["-accel", "tcg", "-cpu", "max"]
KVM = ["-accel", "kvm", "-cpu", "host,-arch-capabilities"]
FAULT = re.compile(r"FLEXOS FAULT kind=([a-z-]+) rip=0x([0-9a-f]+) address=0x([0-9a-f]+) "
                   r"access=([rwx-]) pkru=0x([0-9a-f]+) rsp=0x([0-9a-f]+)\r?\n"
                   r"FLEXOS EXIT 111\r?\n\Z")

# case: kind of fault, access, and the symbol (or number) that the address is
BLOCKED = {
    "read_other": ("pkey", "r", "secret2"),
    "write_other": ("pkey", "w", "secret2"),
    "write_text": ("page", "w", "test_hello"),
    "write_rodata": ("page", "w", None),
    "write_thread": ("page", "w", "platform_thread"),
    "execute_data": ("page", "x", "buffer1"),
    "read_nucleus": ("page", "r", 0x100000),
    "read_thread_view": ("page", "r", 0x80000000),
    "jump_nucleus": ("page", "x", 0x100000),
    "null": ("page", "r", 8),
    "syscall_elsewhere": ("syscall", "-", 6),
    "bad_number": ("service", "-", 99),
    "privileged": ("gp", "-", 0),
    "port": ("gp", "-", 0),
    "msr": ("gp", "-", 0),
    "xrstor": ("ud", "-", 0),
    "wrfsbase": ("ud", "-", 0),
    "interrupt": ("gp", "-", None),  # TCG and processors differ in the error code
    "old_interrupt": ("gp", "-", None),
    "sysenter": ("ud", "-", 0),
    "far_jump": ("gp", "-", 0x18),
    "trap_flag": ("debug", "-", 0),
    "trap_flag_syscall": ("debug", "-", 0),
    "divide": ("div", "-", 0),
    "undefined": ("ud", "-", 0),
    "bad_stack": ("page", "w", 2**64 - 8),
    "stack_in_nucleus": ("page", "r", 0x100800),
    "stack_of_other": ("pkey", "r", "buffer2"),
    "non_canonical": ("gp", "-", 0),
    "service_denied": ("service", "-", 2),
    "rights_forged": ("pkru", "-", 2),
    "deputy_read": ("pkey", "r", "buffer2"),
    "deputy_write": ("pkey", "w", "buffer2"),
    "deputy_kind": ("pkey", "r", "buffer2"),
    "deputy_nucleus_read": ("page", "r", 0x100000),
    "deputy_nucleus_write": ("page", "w", 0x100000),
    "deputy_thread_view": ("page", "w", 0x80000000),
    "deputy_text": ("page", "w", "test_hello"),
    "deputy_wrap": ("page", "r", "buffer1"),
    "deputy_hole": ("page", "r", "stacks2_end"),
    "software_fault": ("canary", "-", 0x5678),
    "software_fault_forged": ("a", "-", 2),
    "switch_to_nothing": ("thread", "-", 3),
    "switch_far": ("thread", "-", 2**64 - 1),
    "thread_rights": ("pkey", "r", "secret1"),
    "return": ("page", "x", 0),
}
WORKS = {"hello": 42, "random": 0, "threads": 0, "registers": 0, "long_text": 0}


def compile_all(sources, folder, flags, tag=""):
    objects = [folder / f"{source.name}{tag}.o" for source in sources]
    for source, made in zip(sources, objects):
        subprocess.run(["clang-19", *FLAGS, *(CXX + flags if source.suffix == ".cc" else []), "-c",
                        source, "-o", made], check=True)
    return objects


@unittest.skipUnless(all(map(shutil.which, ("qemu-system-x86_64", "clang-19", "ld.lld-19"))),
                     "needs QEMU and clang-19")
class Nucleus(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = folder = pathlib.Path(cls.temporary.name)
        objects = compile_all(sorted([*NUCLEUS.glob("*.cc"), *NUCLEUS.glob("*.S")]), folder, RING0)
        subprocess.run(["ld.lld-19", "-r", *objects, "-o", folder / "platform.o"], check=True)
        cls.payload = {keys: compile_all([HERE / "payload.cc"], folder, [f"-DKEYS={keys}"],
                                         f".{keys}")[0] for keys in (0, 1)}
        script = (HERE / "payload.ld").read_text()
        script = script.replace("INCLUDE headers.ld", (NUCLEUS / "headers.ld").read_text())
        (folder / "payload.ld").write_text(script)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    def link(self, case, keys=1):
        image = self.folder / f"{case}.{keys}"
        if not image.exists():
            subprocess.run(["ld.lld-19", "-L", NUCLEUS, "-T", self.folder / "payload.ld",
                            f"--defsym=test_case=test_{case}", self.folder / "platform.o",
                            self.payload[keys], "-o", image], check=True)
        return image

    def start(self, case, keys=1, machine=MICROVM, accelerator=TCG, memory="32M", more=(), typed=b""):
        """(code, console) of an image's run; the code is QEMU's."""
        run = subprocess.run(
            ["qemu-system-x86_64", *accelerator, *machine, "-m", memory, "-nodefaults",
             "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio", "-device",
             "isa-debug-exit,iobase=0x501,iosize=2", "-kernel", self.link(case, keys), *more],
            input=typed, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
        return run.returncode, run.stdout.decode(errors="replace")

    def symbols(self, image):
        """Values by name, from the linker."""
        text = subprocess.run(["nm", image], capture_output=True, text=True, check=True).stdout
        return {name: int(value, 16) for value, _, name in
                (line.split() for line in text.splitlines() if len(line.split()) == 3)}

    def expect_fault(self, result, kind, access="-", address=None):
        code, console = result
        found = FAULT.search(console)
        self.assertTrue(found, console)
        self.assertEqual((kind, access), (found[1], found[4]), console)
        if address is not None:
            self.assertEqual(address, int(found[3], 16), console)
        self.assertEqual(2 * 111 + 1, code)
        return found

    def expect_exit(self, result, wanted):
        code, console = result
        self.assertTrue(console.replace("\r", "").endswith(f"FLEXOS EXIT {wanted}\n"), console)
        self.assertNotIn("FAULT", console)
        self.assertEqual(2 * wanted + 1, code)
        return console

    def test_every_case_is_expected_to_be_something(self):
        cases = set(re.findall(r"void test_([a-z_]+)\(\) \{", (HERE / "payload.cc").read_text()))
        cases -= {"echo", "clock", "arguments"}
        self.assertEqual(cases, set(BLOCKED) | set(WORKS))

    def test_what_must_not_work_does_not(self):
        for case, (kind, access, address) in BLOCKED.items():
            with self.subTest(case):
                if isinstance(address, str):
                    address = self.symbols(self.link(case))[address]
                self.expect_fault(self.start(case), kind, access, address)

    def test_what_must_work_does(self):
        for keys in (1, 0):
            for case, code in WORKS.items():
                with self.subTest(case, keys=keys):
                    self.expect_exit(self.start(case, keys), code)

    def test_without_keys_all_of_ring_3_is_open(self):
        self.expect_exit(self.start("read_other", keys=0), 1)
        self.expect_fault(self.start("write_text", keys=0), "page", "w")

    def test_a_fault_names_the_instruction_and_the_rights(self):
        found = self.expect_fault(self.start("read_other"), "pkey", "r")
        at = self.symbols(self.link("read_other"))
        self.assertTrue(at["test_read_other"] <= int(found[2], 16) < at["test_read_other"] + 64)
        self.assertEqual("fffffff0", found[5])
        self.assertTrue(at["stacks1"] < int(found[6], 16) < at["stacks1_end"])

    def test_a_report_begins_its_own_line(self):
        _, console = self.start("software_fault")
        self.assertIn("unfinished\n", console.replace("\r", ""))

    def test_console_carries_all_bytes(self):
        console = self.expect_exit(self.start("long_text"), 0).replace("\r", "")
        self.assertEqual(128, console.count("=" * 63 + "\n"))

    def test_console_is_read(self):
        line = b"a line that is typed before anybody listens\n"
        self.assertIn(line.decode(), self.expect_exit(self.start("echo", typed=line), 0)
                      .replace("\r", ""))

    def test_arguments(self):
        console = self.expect_exit(self.start("arguments", more=["-append", "one two"]), 0)
        self.assertEqual(["length 7", "one t"], console.replace("\r", "").splitlines()[:2])
        self.assertIn("length 0", self.expect_exit(self.start("arguments"), 0))
        self.expect_fault(self.start("arguments", more=["-append", "x" * 5000]), "arguments")

    def check_clock(self, accelerator):
        before = time.time()
        console = self.expect_exit(self.start("clock", accelerator=accelerator), 0)
        value = {name: int(n) for name, n in re.findall(r"([a-z]+) (\d+)", console)}
        self.assertLess(abs(value["slept"] - 1e9), 0.05e9, console)
        self.assertLess(abs(value["wall"] / 1e9 - before), 5, console)
        return time.time() - before

    def test_clock_goes_as_fast_as_the_host(self):
        # Half a second is what a busy host may add to the start of QEMU; a clock that is wrong by a
        # tenth is found by test_clock_is_exact_in_counted_time as well.
        self.assertLess(abs(self.check_clock(TCG) - 1.0), 0.5)

    def test_clock_is_exact_in_counted_time(self):
        self.check_clock([*TCG, "-icount", "shift=0"])

    def test_pc_machines(self):
        for machine in ("q35", "pc", "microvm"):
            with self.subTest(machine):
                more = dict(machine=["-machine", machine], memory="64M")
                self.expect_exit(self.start("hello", **more), 42)
                self.expect_fault(self.start("deputy_read", **more), "pkey", "r")

    def test_a_machine_that_cannot_is_refused(self):
        old = ["-accel", "tcg", "-cpu", "qemu64"]
        self.expect_fault(self.start("hello", accelerator=old), "no-pku")
        self.expect_exit(self.start("hello", keys=0, accelerator=old), 42)
        self.expect_fault(self.start("hello", memory="16M"), "memory")
        self.expect_fault(self.start("hello", memory="26M"), "memory")

    def boot_time(self):
        self.link("hello")
        before = time.monotonic()
        self.start("hello")
        return time.monotonic() - before

    @unittest.skipUnless(os.access("/dev/kvm", os.R_OK | os.W_OK), "no KVM")
    def test_kvm(self):
        try:
            code, console = self.start("hello", keys=0, accelerator=KVM)
        except subprocess.TimeoutExpired:
            self.skipTest("this KVM does not run the nucleus")
        if code != 2 * 42 + 1:
            self.skipTest(f"this KVM does not run the nucleus: {console}")
        for case, code in WORKS.items():
            with self.subTest(case):
                self.expect_exit(self.start(case, keys=0, accelerator=KVM), code)
        self.expect_fault(self.start("write_text", keys=0, accelerator=KVM), "page", "w")
        self.check_clock(KVM)


if __name__ == "__main__":
    unittest.main()
