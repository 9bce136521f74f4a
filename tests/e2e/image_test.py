"""Images: run, scan and inspect, on tiny ELF files of a few instructions."""

import json
import os
import shutil
import signal
import struct
import subprocess
import time
import unittest

from tool import ROOT, TOOL, ToolTest

FAULT = "FLEXOS FAULT kind={} rip=0x0 address=0x0 access=- pkru=0x0 rsp=0x0\n"
QEMU = shutil.which("qemu-system-x86_64")


def elf(sections, entry, note=None, symbols=()):
    """An executable: sections of (name, address, flags of the segment, bytes)."""
    headers, notes = [], b""
    count = len(sections) + (note is not None)
    body = bytearray(64 + 56 * count)
    table = bytearray(64)
    names = bytearray(b"\0")

    def name(text):
        names.extend(text.encode() + b"\0")
        return len(names) - len(text) - 1

    if note is not None:
        notes = struct.pack("<III4sI", 4, 4, 18, b"Xen\0", note)
        headers.append(struct.pack("<IIQQQQQQ", 4, 4, len(body), 0, 0, len(notes), len(notes), 4))
        body += notes
    for title, address, flags, code in sections:
        body += bytes(-len(body) % 4096)
        headers.insert(0, struct.pack("<IIQQQQQQ", 1, flags, len(body), address, address, len(code),
                                      len(code), 4096))
        kind = 2 | (flags & 1) * 4 | (flags & 2) // 2
        table += struct.pack("<IIQQQQIIQQ", name(title), 1, kind, address, len(body), len(code), 0,
                             0, 16, 0)
        body += code
    strings, entries = bytearray(b"\0"), bytearray(24)
    for title, address, size in symbols:
        entries += struct.pack("<IBBHQQ", len(strings), 0x12, 0, 1, address, size)
        strings += title.encode() + b"\0"
    at = len(sections) + 1
    table += struct.pack("<IIQQQQIIQQ", name(".symtab"), 2, 0, 0, len(body), len(entries), at + 1, 1,
                         8, 24)
    body += entries
    table += struct.pack("<IIQQQQIIQQ", name(".strtab"), 3, 0, 0, len(body), len(strings), 0, 0, 1,
                         0)
    body += strings
    place = name(".shstrtab")
    table += struct.pack("<IIQQQQIIQQ", place, 3, 0, 0, len(body), len(names), 0, 0, 1, 0)
    body += names
    header = struct.pack("<4sBBB9xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 1, 2, 62, 1, entry, 64,
                         len(body), 0, 64, 56, count, 64, at + 3, at + 2)
    body[:len(header)] = header
    for i, h in enumerate(headers):
        body[64 + 56 * i:64 + 56 * (i + 1)] = h
    return bytes(body + table)


def process(words, code):
    """A program for Linux: writes to stderr, then ends."""
    text = words.encode()
    end = b"\xb8\x3c\0\0\0\xbf" + struct.pack("<I", code) + b"\x0f\x05"
    start = b"\xb8\x01\0\0\0\xbf\x02\0\0\0"
    rest = b"\xba" + struct.pack("<I", len(text)) + b"\x0f\x05" + end
    return start + b"\x48\x8d\x35" + struct.pack("<i", len(rest)) + rest + text


def machine(words, code):
    """A program for a bare machine, in 32-bit mode: writes to the serial port, then ends."""
    text = words.encode()
    start = (b"\xb9" + struct.pack("<I", len(text)) + b"\x66\xba\xf8\x03\xf3\x6e\xb0" + bytes([code])
             + b"\x66\xba\x01\x05\xee\xeb\xfe")
    return b"\xbe" + struct.pack("<I", 0x1000000 + 5 + len(start)) + start + text


class ImageTest(ToolTest):
    def image(self, code, note=None, section=".text", name="image", **options):
        """Writes an image; gives its name."""
        file = self.folder / name
        sections = [(section, 0x1000000, 5, code)]
        if note:
            sections.append((".nucleus.text", 0x100000, 5, b"\xf4"))
        file.write_bytes(elf(sections, 0x1000000, note=note, **options))
        file.chmod(0o755)
        return name

    def bare(self, code, **options):
        return self.image(code, note=0x1000000, **options)


class RunProcess(ImageTest):
    def test_good_end(self):
        run = self.run_tool("run", self.image(process("FLEXOS EXIT 0\n", 0)))
        self.assertEqual((run.returncode, run.stdout, run.stderr), (0, "", "FLEXOS EXIT 0\n"))

    def test_code(self):
        self.assert_fails(self.run_tool("run", self.image(process("FLEXOS EXIT 7\n", 7))), 1,
                          "exited: it ended with code 7")

    def test_fault(self):
        words = ("FLEXOS FAULT kind=page rip=0x1000004 address=0x8 access=w pkru=0x0 rsp=0x0\n"
                 "FLEXOS EXIT 111\n")
        image = self.image(process(words, 111), symbols=[("def.vfs.open", 0x1000000, 16)])
        self.assert_fails(self.run_tool("run", image), 1, "vfs tried to write", "null pointer",
                          "def.vfs.open+0x4")
        answer = self.answer("run", image, code=1)
        self.assertEqual(answer["ending"], "fault")
        self.assertEqual(answer["fault"]["component"], "vfs")
        self.assertEqual(answer["fault"]["access"], "w")
        self.assertEqual(answer["errors"], words)

    def test_no_protection_keys(self):
        words = FAULT.format("no-pku") + "FLEXOS EXIT 112\n"
        self.assert_fails(self.run_tool("run", self.image(process(words, 112))), 3,
                          "no-protection-keys", "hint: build it for `qemu`")

    def test_hang(self):
        since = time.monotonic()
        run = self.run_tool("run", self.image(b"\xeb\xfe"), "--timeout", "0.5")
        self.assert_fails(run, 1, "hang: it was still running")
        self.assertLess(time.monotonic() - since, 30)

    def test_killed_by_a_signal(self):
        self.assert_fails(self.run_tool("run", self.image(b"\x0f\x0b")), 1, "killed", "signal 4")

    def test_interrupted(self):
        image = self.image(b"\xeb\xfe")
        tool = subprocess.Popen([TOOL, "run", image], cwd=self.folder, env=self.environment,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(0.5)
        tool.send_signal(signal.SIGINT)
        errors = tool.communicate(timeout=30)[1]
        self.assertEqual(tool.returncode, 130, errors)

    def test_not_there_and_no_image(self):
        self.assert_fails(self.run_tool("run", "nowhere"), 1, "nowhere", "build SPEC")
        (self.folder / "text").write_text("hello")
        self.assert_fails(self.run_tool("run", "text"), 1, "not a usable ELF file")
        self.assert_fails(self.run_tool("run", "."), 1, "image.json")

    def test_hostile_manifest(self):
        self.image(process("FLEXOS EXIT 0\n", 0))
        sample = json.loads((ROOT / "tests/manifest/sample.json").read_text())
        for change in ({"file": "../../bin/sh"}, {"platform": 3}, {"compartments": {}},
                       {"threads": 10 ** 30}, {"flexos": 99}):
            (self.folder / "image.json").write_text(json.dumps({**sample, **change}))
            for command in ("run", "scan", "inspect"):
                with self.subTest(command=command, change=change):
                    self.assert_fails(self.run_tool(command, "."), 1, "image.json")


@unittest.skipUnless(QEMU, "qemu-system-x86_64 is not installed")
class RunMachine(ImageTest):
    def run_tool(self, *arguments, **options):
        return super().run_tool(*arguments, "--accel", "tcg", **options)

    def test_good_end(self):
        run = self.run_tool("run", self.bare(machine("hello\nFLEXOS EXIT 0\n", 0)))
        self.assertEqual((run.returncode, run.stdout), (0, "hello\nFLEXOS EXIT 0\n"), run.stderr)

    def test_code(self):
        run = self.run_tool("run", self.bare(machine("FLEXOS EXIT 42\n", 42)))
        self.assertEqual(run.returncode, 1)
        self.assertIn("it ended with code 42", run.stderr)

    def test_panic(self):
        run = self.run_tool("run", self.bare(machine(FAULT.format("panic") + "FLEXOS EXIT 111\n", 111)))
        self.assertEqual(run.returncode, 1)
        self.assertIn("gave up (panic)", run.stderr)

    def test_no_protection_keys(self):
        words = FAULT.format("no-pku") + "FLEXOS EXIT 111\n"
        run = self.run_tool("run", self.bare(machine(words, 111)))
        self.assertEqual(run.returncode, 3)
        self.assertIn("no-protection-keys", run.stderr)

    def test_triple_fault(self):
        lidt = b"\x0f\x01\x1d" + struct.pack("<I", 0x1000008) + b"\xcc" + bytes(8)
        run = self.run_tool("run", self.bare(lidt))
        self.assert_fails(run, 1, "triple-fault")

    def test_hang(self):
        run = self.run_tool("run", self.bare(b"\xeb\xfe"), "--timeout", "1")
        self.assert_fails(run, 1, "hang: it was still running")

    def test_qemu_fails(self):
        image = self.image(b"\xeb\xfe", name="other")  # no PVH entry
        sample = json.loads((ROOT / "tests/manifest/sample.json").read_text())
        (self.folder / "image.json").write_text(json.dumps({**sample, "file": image}))
        self.assert_fails(self.run_tool("run", "."), 3, "QEMU failed")

    def test_qemu_is_missing(self):
        self.environment["PATH"] = os.fspath(self.folder)
        run = self.run_tool("run", self.bare(machine("", 0)))
        self.assert_fails(run, 3, "qemu-system-x86_64 is missing", "apt-get install")


class ScanImage(ImageTest):
    def test_clean(self):
        run = self.run_tool("scan", self.image(b"\x31\xc0\xc3"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertIn("image: clean", run.stdout)

    def test_forbidden(self):
        image = self.image(b"\xb8\x0f\x01\xef\0\xc3", symbols=[("def.vfs.open", 0x1000000, 6)])
        run = self.run_tool("scan", image)
        self.assertEqual(run.returncode, 1)
        self.assertIn("0x1000001  wrpkru    forbidden  def.vfs.open+0x1, .text, of vfs: 0f 01 ef, "
                      "hidden in `mov eax, 0xEF010F`", run.stdout)
        answer = self.answer("scan", image, code=1)
        self.assertFalse(answer["clean"])
        self.assertEqual(answer["findings"][0]["component"], "vfs")
        self.assertEqual(answer["findings"][0]["whole"], False)

    def test_in_its_place(self):
        image = self.image(b"\x0f\x01\xef\xc3", section=".gate.text")
        answer = self.answer("scan", image)
        self.assertEqual([f["verdict"] for f in answer["findings"]], ["allowed"])

    def test_strict(self):
        image = self.image(b"\x41\x83\xcd\x80\xc3")
        self.assertEqual(self.answer("scan", image)["findings"][0]["verdict"], "fenced")
        self.assertFalse(self.answer("scan", image, "--strict", code=1)["clean"])


class InspectImage(ImageTest):
    def test_another_file_than_described(self):
        self.image(b"\xc3", name="image.elf", symbols=[("start", 0x1000000, 1)])
        shutil.copy(ROOT / "tests/manifest/sample.json", self.folder / "image.json")
        run = self.run_tool("inspect", ".")
        self.assertEqual(run.returncode, 1)
        self.assertIn("{sqlite sqlite-bench libc} |mpk.full| {vfs ramfs} |mpk.light| {time}",
                      run.stdout)
        self.assertIn("there is no gate gate.1.2.vfs_write", run.stderr)
        answer = self.answer("inspect", ".", code=1)
        self.assertEqual(answer["compartments"][1]["key"], 2)
        self.assertEqual(len(answer["differences"]), 2)

    def test_without_manifest(self):
        self.assert_fails(self.run_tool("inspect", self.image(b"\xc3")), 1, "no image.json")


if __name__ == "__main__":
    unittest.main()
