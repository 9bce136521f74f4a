"""iperf's server in an image, driven by the distribution's own iperf: what one side says it has
sent, the other has received, to the byte. On `qemu` through QEMU's own network, on `linux` through
a tap in a network namespace that the test makes."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import (IMAGE_ADDRESS, NO_NAMESPACE, QEMU, TAP, TOOL, free_port, in_namespace,  # noqa: E402
                    tool)

SPEC = """\
flexos: 1
name: iperf
application: iperf
components: [iperf, libc, lwip, netdev, vfs, ramfs, time, sched, alloc, console, random]
"""
REST = "libc+sched+alloc+time+vfs+ramfs+console+random"
NETWORK_APART = ["--layout", f"iperf+{REST}|lwip+netdev", "--mechanism", "mpk.full"]
SERVER_APART = ["--layout", f"iperf|{REST}|lwip|netdev", "--mechanism", "mpk.full"]
READY = "Server listening on "
PORT = 5001
PATIENCE = 200
KEYS = "ospke" in pathlib.Path("/proc/cpuinfo").read_text().split()


def converse(command, arguments, host, port, client):
    """A server with these arguments, and one client: what each of them has printed."""
    with subprocess.Popen([*map(str, command), "--", "-P", "1", "-f", "B", *arguments],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as server:
        said = ""
        try:
            for line in server.stdout:
                said += line
                if line.startswith(READY):
                    break
            done = subprocess.run(["iperf", "-c", host, "-p", str(port), "-f", "B", *client],
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  timeout=PATIENCE, check=False)
            said += server.communicate(timeout=PATIENCE)[0]
        finally:
            server.kill()
    assert done.returncode == 0, done.stdout + done.stderr + said
    assert server.returncode == 0, said
    return said, done.stdout


def transferred(said):
    """The bytes of each connection's report."""
    return [int(n) for n in re.findall(r"^\[ +\*?\d+\] [\d.]+-[\d.]+ sec +(\d+) Bytes", said, re.M)]


@unittest.skipUnless(shutil.which("iperf"), "no iperf")
class Iperf(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def build(self, platform, *arguments):
        spec = self.folder / "iperf.yaml"
        spec.write_text(SPEC)
        built = tool("build", spec, "--output", self.folder, "--format", "json", "--platform",
                     platform, *arguments)
        self.assertEqual(built.returncode, 0, built.stderr)
        image, = json.loads(built.stdout)["images"]
        return image["folder"]

    def on_qemu(self, image, arguments, client):
        port = free_port()
        return converse([TOOL, "run", "--timeout", PATIENCE, "--forward", f"{port}:{PORT}", image],
                        arguments, "127.0.0.1", port, client)

    def on_linux(self, image, arguments, client):
        done = subprocess.run([*in_namespace(), sys.executable, "-B", __file__, "--inside",
                               str(image), json.dumps(arguments), json.dumps(client)],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=2 * PATIENCE, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def receives(self, run, image, sizes):
        """All that is sent arrives, whatever the buffer that it is received into."""
        for buffer, amount in sizes:
            with self.subTest(buffer=buffer):
                server, client = run(image, ["-l", str(buffer)], ["-n", str(amount)])
                self.assertEqual(transferred(client), [amount], client)
                self.assertEqual(transferred(server), [amount], server + client)

    # The client sends whole buffers of 128 KiB: amounts are multiples of that.
    FEW = [(16, 2 << 17), (1 << 20, 32 << 17)]
    ALL = [(16, 16 << 17), (64, 16 << 17), (1000, 32 << 17), (1 << 14, 64 << 17),
           (1 << 20, 64 << 17)]

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_on_the_bare_machine(self):
        self.receives(self.on_qemu, self.build("qemu", "--unprotected"), self.ALL)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_the_network_behind_private_stacks(self):
        image = self.build("qemu", *NETWORK_APART)
        self.receives(self.on_qemu, image, self.FEW)
        # The other way round.
        server, client = self.on_qemu(image, [], ["-R", "-n", str(8 << 17)])
        self.assertEqual(transferred(server), transferred(client))
        self.assertEqual(transferred(client), [8 << 17])

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_every_one_of_them_apart(self):
        image = self.build("qemu", *SERVER_APART)
        self.receives(self.on_qemu, image, [(16, 1 << 17), (1000, 4 << 17)])

    @unittest.skipUnless(in_namespace(), NO_NAMESPACE)
    def test_as_a_linux_process(self):
        self.receives(self.on_linux, self.build("linux", "--unprotected"), self.ALL)

    @unittest.skipUnless(in_namespace(), NO_NAMESPACE)
    def test_reports_wait_for_their_reader(self):
        amount = 1 << 17
        server, _ = self.on_linux(self.build("linux", "--unprotected"),
                                  ["-l", "16", "--NUM_REPORT_STRUCTS", "500"], ["-n", str(amount)])
        self.assertEqual(transferred(server), [amount], server)

    @unittest.skipUnless(KEYS and in_namespace(), "no protection keys, or no namespace")
    def test_as_a_linux_process_with_the_network_apart(self):
        self.receives(self.on_linux, self.build("linux", *NETWORK_APART), self.ALL)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_hardened(self):
        for hardening in ("asan+ubsan+stack-protector+cfi", "safestack+ubsan+stack-protector+cfi"):
            image = self.build("qemu", "--unprotected", "--harden", f"iperf={hardening}")
            self.receives(self.on_qemu, image, self.FEW)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_its_workloads_are_measured(self):
        spec = self.folder / "iperf.yaml"
        spec.write_text(SPEC)
        each = []
        for workload in ("iperf/16", "iperf/1m"):
            done = tool("measure", spec, "--unprotected", "--workload", workload, "--platform",
                        "qemu", "-n", "512", "--lean", "--width", "0.5", "-o", self.folder / "out",
                        "--format", "json")
            self.assertEqual(done.returncode, 0, done.stderr)
            said = json.loads(done.stdout)
            self.assertEqual(said["platform"]["key"], "qemu/tcg/busy-instructions")
            self.assertIsNone(said["baseline"]["failure"])
            each.append(said["baseline"]["per_operation"]["median"])
        # A KiB is received by 64 calls, or by a part of one.
        self.assertGreater(each[0], 4 * each[1])

    @unittest.skipUnless(in_namespace(), NO_NAMESPACE)
    def test_datagrams(self):
        server, client = self.on_linux(self.build("linux", "--unprotected"), ["-u"],
                                       ["-u", "-n", "147000", "-b", "10m"])
        # The client prints what it sent, and behind it the report that the server sends it.
        self.assertEqual(transferred(server), transferred(client)[1:], server + client)
        self.assertRegex(server, r" 0/\d+ \(0%\)")

    @unittest.skipUnless(in_namespace(), NO_NAMESPACE)
    def test_several_at_a_time(self):
        amount = 8 << 17
        server, client = self.on_linux(self.build("linux", "--unprotected"), ["-P", "5"],
                                       ["-P", "5", "-n", str(amount)])
        self.assertEqual(transferred(server), [amount] * 5, server + client)
        self.assertEqual(transferred(client), [amount] * 5, client)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        image, arguments, client = sys.argv[2], *map(json.loads, sys.argv[3:5])
        command = [TOOL, "run", "--timeout", PATIENCE, "--tap", TAP, image]
        print(json.dumps(converse(command, arguments, IMAGE_ADDRESS, PORT, client)))
    else:
        unittest.main()
