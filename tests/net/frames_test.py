"""Frames as nobody should send them, to an echo server in an image: its network stack and driver are built with the
sanitizers, so what they would do to memory is a fault. Afterwards it still answers, and ends well."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from frames import Dice, Peer, Wire, arp, stray  # noqa: E402
from images import IMAGE_ADDRESS, NO_NAMESPACE, QEMU, TAP, TOOL, in_namespace  # noqa: E402
from wire_test import APART, EchoServer, connect  # noqa: E402

# By hand: FLEXOS_FRAMES=SEED,ROUNDS
SEED, ROUNDS = os.environ.get("FLEXOS_FRAMES", "1,10").split(",")
ROUNDS, STRAYS, PEERS = int(ROUNDS), 600, 20


def answers(word):
    with connect(IMAGE_ADDRESS, 7, 60) as client:
        client.sendall(word)
        got = b""
        while len(got) < len(word):
            got += client.recv(100) or b"?" * len(word)
    assert got == word, got


def inside(seed, rounds, image):
    """In the namespace of the tap."""
    dice = Dice(seed)
    with subprocess.Popen([TOOL, "run", image, "--timeout", "400", "--tap", TAP], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout.readline().strip() == "echo-server: ready"
            wire = Wire(TAP)
            answers(b"before")
            behind = 0
            for _ in range(rounds):
                for _ in range(STRAYS):
                    wire.send(stray(dice))
                wire.drain()
                wire.send(arp())
                for _ in range(PEERS):
                    peer = Peer(wire, dice)
                    if peer.connect():
                        behind += 1
                        peer.disturb(20)
                    peer.reset()
                answers(b"between")
            # Else most of this was for nothing.
            assert behind > rounds * PEERS // 4, f"{behind} handshakes"
            print(f"{wire.count} frames, {behind} connections")
            with connect(IMAGE_ADDRESS, 7, 60) as last:
                last.sendall(b"\4")
            rest = server.stdout.read()
            assert "echo-server: served" in rest, rest
            assert server.wait(timeout=60) == 0, rest
        except BaseException:
            server.terminate()  # it takes the image with it
            sys.stderr.write(server.stdout.read())
            raise


@unittest.skipUnless(in_namespace(), NO_NAMESPACE)
class Frames(EchoServer):
    def disturbed(self, image, rounds):
        done = subprocess.run([*in_namespace(), sys.executable, __file__, "--inside", SEED,
                               str(rounds), str(image)],
                              capture_output=True, text=True, timeout=500, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_on_linux_with_sanitizers(self):
        image = self.build("--unprotected", "--platform", "linux", "--harden",
                           "lwip+netdev=asan+ubsan")
        self.disturbed(image, ROUNDS)

    @unittest.skipUnless(QEMU, "no QEMU")
    def test_on_qemu_behind_private_stacks(self):
        """The virtio driver besides, and frames that cross a gate."""
        self.disturbed(self.build("--layout", APART, "--mechanism", "mpk.full", "--platform",
                                  "qemu"), ROUNDS // 5)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        inside(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
        sys.exit(0)
    unittest.main()
