"""Redis in an image, driven from this host by the distribution's own redis-cli and redis-benchmark."""

import contextlib
import errno
import json
import os
import pathlib
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from images import (IMAGE_ADDRESS, NO_NAMESPACE, QEMU, REDIS, TAP, TOOL, Served,  # noqa: E402
                    in_namespace, tool)

NEEDED = [shutil.which(p) for p in ("qemu-system-x86_64", "redis-cli", "redis-benchmark")]
REST = "sched+alloc+time+vfs+ramfs+console+random"


@unittest.skipUnless(all(NEEDED), "no QEMU or no redis-tools")
class Redis(Served):
    SPEC, IMAGE_PORT, READY = REDIS, 6379, "Ready to accept connections"

    def cli(self, *words, text=None):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *words], input=text,
                              stdin=None if text is not None else subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        return (done.stdout + done.stderr).strip()

    def answers(self, expected):
        """Lines of `command` -> what redis-cli prints; one connection for all."""
        got = self.cli(text="".join(command + "\n" for command, _ in expected))
        self.assertEqual(got, "\n".join(answer for _, answer in expected))

    def ends(self):
        self.cli("SHUTDOWN", "NOSAVE")
        out, _ = self.server.communicate(timeout=60)
        self.assertEqual(self.server.returncode, 0, self.log + out)
        return out

    def benchmark(self, requests):
        done = subprocess.run(
            ["redis-benchmark", "-p", str(self.port), "-c", "30", "-P", "16", "-t", "get,set",
             "-n", str(requests), "--csv"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=200, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        rows = [line.split(",") for line in done.stdout.splitlines()]
        self.assertEqual([row[0] for row in rows[1:]], ['"SET"', '"GET"'], done.stdout)

    def serves(self, requests=4000):
        self.assertEqual(self.cli("PING"), "PONG")
        self.assertEqual(self.cli("SET", "key", "value"), "OK")
        self.assertEqual(self.cli("GET", "key"), "value")
        self.benchmark(requests)

    def test_types_and_commands(self):
        self.start("--unprotected")
        self.serves()
        self.answers([
            ("RPUSH list a b c", "3"), ("LRANGE list 0 -1", "a\nb\nc"), ("LPOP list", "a"),
            ("HSET hash f 1 g 2", "2"), ("HGETALL hash", "f\n1\ng\n2"), ("HINCRBY hash f 41", "42"),
            ("SADD set x y", "2"), ("SISMEMBER set y", "1"),
            ("ZADD sorted 2.5 two 1 one", "2"), ("ZRANGE sorted 0 -1 WITHSCORES", "one\n1\ntwo\n2.5"),
            ("XADD stream 1-1 k v", "1-1"), ("XLEN stream", "1"),
            ("SETBIT bits 7 1", "0"), ("BITCOUNT bits", "1"),
            ("PFADD log a b c", "1"), ("PFCOUNT log", "3"),
            ("GEOADD geo 13.361389 38.115556 Palermo", "1"),
            ("GEOSEARCH geo FROMLONLAT 13 38 BYRADIUS 200 km", "Palermo"),
            ("APPEND text hello", "5"), ("GETRANGE text 1 3", "ell"), ("INCRBYFLOAT n 3.25", "3.25"),
            ("TYPE sorted", "zset"), ("OBJECT ENCODING sorted", "listpack"),
            ("RENAME text new", "OK"), ("EXISTS text new", "1"), ("DEL new", "1"),
            ("MULTI", "OK"), ("INCR n2", "QUEUED"), ("INCR n2", "QUEUED"), ("EXEC", "1\n2"),
            ("GET list",
             "WRONGTYPE Operation against a key holding the wrong kind of value\n"),
            ("CONFIG GET maxmemory-policy", "maxmemory-policy\nnoeviction"),
        ])
        self.answers([
            ('EVAL "return redis.call(\'GET\', KEYS[1]) .. ARGV[1]" 1 key !', "value!"),
            ('EVAL "return cjson.encode({1,2,{a=3}})" 0', '[1,2,{"a":3}]'),
            ('EVAL "return #cmsgpack.pack({1,2,3})" 0', "4"),
        ])
        self.assertIn("nonexistent global variable 'os'", self.cli("EVAL", "return os", "0"))
        info = self.cli("INFO")
        for line in ("redis_version:7.0.15", "multiplexing_api:epoll", "mem_allocator:libc",
                     "os:FlexOS 1 x86_64"):
            self.assertIn(line, info)
        self.ends()

    def test_time(self):
        self.start("--unprotected")
        self.assertEqual(self.cli("SET", "short", "x", "PX", "300"), "OK")
        self.assertEqual(self.cli("GET", "short"), "x")
        deadline = time.monotonic() + 20
        while self.cli("EXISTS", "short") != "0" and time.monotonic() < deadline:
            time.sleep(0.1)
        self.assertEqual(self.cli("EXISTS", "short"), "0")
        self.assertLess(abs(int(self.cli("TIME").split()[0]) - time.time()), 100)
        self.assertEqual(self.cli("BLPOP", "nothing", "0.2"), "")
        blocked = subprocess.Popen(["redis-cli", "-p", str(self.port), "BLPOP", "queue", "30"],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        while "blocked_clients:1" not in self.cli("INFO", "clients"):
            time.sleep(0.05)
        self.cli("RPUSH", "queue", "work")
        self.assertEqual(blocked.communicate(timeout=30)[0], "queue\nwork\n")
        self.ends()

    def test_threads(self):
        """What Redis hands to its background threads: freeing, closing and syncing files."""
        self.start("--unprotected", options=["--appendonly", "yes"])
        self.cli("EVAL", "for i=1,20000 do redis.call('RPUSH','big',i) end", "0")
        self.assertEqual(self.cli("UNLINK", "big"), "1")
        self.benchmark(2000)
        deadline = time.monotonic() + 20
        while "lazyfree_pending_objects:0" not in self.cli("INFO", "memory"):
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)
        info = self.cli("INFO", "persistence")
        self.assertIn("aof_last_write_status:ok", info)
        self.assertIn("aof_pending_bio_fsync:0", info)
        self.assertEqual(self.cli("FLUSHALL", "ASYNC"), "OK")
        self.ends()

    def test_files(self):
        self.start("--unprotected", options=["--appendonly", "yes", "--enable-debug-command", "yes"])
        self.cli("MSET", "a", "1", "b", "2")
        # Compressed when it is saved, which takes half a megabyte of stack.
        self.cli("EVAL", "redis.call('SET', 'long', string.rep('text', 50000))", "0")
        self.assertEqual(self.cli("SAVE"), "OK")
        self.cli("EVAL", "for i=1,1000 do redis.call('HSET','hash',i,i*i) end", "0")
        # Compressing what can be takes half a megabyte of stack.
        self.cli("EVAL", "redis.call('HSET','hash','long',string.rep('abc',1000))", "0")
        digest = self.cli("DEBUG", "DIGEST")
        for command in ("RELOAD", "LOADAOF"):  # from a snapshot that it writes; from the log
            self.assertEqual(self.cli("DEBUG", command), "OK")
            self.assertEqual(self.cli("DBSIZE"), "4")
            self.assertEqual(self.cli("DEBUG", "DIGEST"), digest)
        self.ends()

    def test_a_second_process(self):
        """What needs fork says so; nothing else is hurt by it."""
        self.start("--unprotected")
        answer = self.cli("BGSAVE")
        self.assertIn("ERR", answer)
        self.assertEqual(self.cli("SET", "still", "here"), "OK")
        self.assertIn("Can't save in background: fork: Function not implemented", self.ends())

    def test_calls_are_checked(self):
        """With cfi everywhere; what calls functions by pointers of other types is exempt by name."""
        self.start("--unprotected", "--harden", "*=cfi")
        self.serves()
        self.answers([
            ("XGROUP CREATE stream group $ MKSTREAM", "OK"), ("XADD stream 1-1 k v", "1-1"),
            ("XREADGROUP GROUP group me STREAMS stream >", "stream\n1-1\nk\nv"),
            ("XGROUP DESTROY stream group", "1"), ("DEL stream", "1"),  # raxRecursiveFree
            ("ACL SETUSER bob on >secret", "OK"), ("ACL DELUSER bob", "1"),
            ('EVAL "return redis.pcall(\'GET\')" 0',
             "ERR Wrong number of args calling Redis command from script\n"),
            ('FUNCTION LOAD "#!lua name=lib\\nredis.register_function(\'f\', '
             'function() return 7 end)"', "lib"),
            ("FCALL f 0", "7"),
        ])
        redis = ["redis-cli", "-p", str(self.port)]
        library = subprocess.run([*redis, "FUNCTION", "DUMP"], stdin=subprocess.DEVNULL,
                                 capture_output=True, timeout=60, check=True).stdout[:-1]
        restored = subprocess.run([*redis, "-X", "IT", "FUNCTION", "RESTORE", "IT", "REPLACE"],
                                  input=library, capture_output=True, timeout=60, check=True)
        self.assertEqual(restored.stdout, b"OK\n")  # listEmpty
        script = self.folder / "script.lua"
        script.write_text("return 7\n")
        debugged = subprocess.run([*redis, "--ldb-sync-mode", "--eval", script], input="continue\n",
                                  capture_output=True, text=True, timeout=60, check=False)
        self.assertIn("(integer) 7", debugged.stdout)  # listDelNode
        self.assertIn("used_memory", self.cli("INFO", "everything"))
        self.ends()

    def test_the_network_behind_private_stacks(self):
        self.start("--layout", f"redis+libc+{REST}|lwip+netdev", "--mechanism", "mpk.full")
        self.serves(2000)
        self.ends()

    def test_the_network_behind_light_gates(self):
        self.start("--layout", f"redis+libc+{REST}|lwip+netdev", "--mechanism", "mpk.light")
        self.serves(2000)
        self.ends()

    def test_the_application_apart(self):
        self.start("--layout", f"redis|libc+{REST}|lwip+netdev", "--mechanism", "mpk.full")
        self.serves(2000)
        self.ends()

    def test_every_one_of_the_paper_apart(self):
        self.start("--layout",
                   "redis|libc|sched|lwip+netdev|alloc+time+vfs+ramfs+console+random",
                   "--mechanism", "mpk.full")
        self.serves(1000)
        self.ends()


@unittest.skipUnless(in_namespace(), NO_NAMESPACE)
class OnATap(unittest.TestCase):
    """Clients whose ports are their own."""

    def test_a_port_comes_back(self):
        with tempfile.TemporaryDirectory() as folder:
            spec = pathlib.Path(folder) / "redis.yaml"
            spec.write_text(REDIS)
            built = tool("build", spec, "--output", folder, "--format", "json", "--platform", "linux",
                         "--unprotected")
            self.assertEqual(built.returncode, 0, built.stderr)
            image, = json.loads(built.stdout)["images"]
            done = subprocess.run([*in_namespace(), sys.executable, __file__, "--inside",
                                   image["folder"]], stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=200, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


def from_port(number):
    """A connection of that port; its last one may still be about to end."""
    while True:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind(("10.0.2.2", number))
        client.settimeout(60)
        try:
            client.connect((IMAGE_ADDRESS, 6379))
            return client
        except OSError as error:
            client.close()
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            time.sleep(0.05)


def inside(image):
    """QUIT has the server close first, so it is there that the old connection lingers."""
    with subprocess.Popen([TOOL, "run", "--timeout", "150", "--tap", TAP, image],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True) as server:
        for line in server.stdout:
            if "Ready to accept connections" in line:
                break
        try:
            for command, answer in [(b"QUIT", b"+OK\r\n"), (b"PING", b"+PONG\r\n"),
                                    (b"SHUTDOWN NOSAVE", b"")]:
                with from_port(40000) as client:
                    client.sendall(command + b"\r\n")
                    assert client.recv(100) == answer
                    if command == b"QUIT":
                        assert client.recv(100) == b""
                    else:  # nothing lingers here either
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except BaseException:
            server.terminate()
            raise
        assert server.wait(60) == 0


@unittest.skipUnless(all(NEEDED), "no QEMU or no redis-tools")
class Measured(unittest.TestCase):
    """Workloads that a client outside of the image drives; what they say, not how much."""

    def measured(self, platform, *more):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        spec = folder / "redis.yaml"
        spec.write_text(REDIS)
        return tool("measure", spec, "--unprotected", "--workload", "redis/get", "--platform",
                    platform, "-n", "2000", "--lean", "--width", "0.5", "-o", folder / "out",
                    "--format", "json", *more)

    def test_over_the_network_of_qemu(self):
        done = self.measured("qemu")
        self.assertEqual(done.returncode, 0, done.stderr)
        said = json.loads(done.stdout)
        self.assertEqual(said["platform"]["key"], "qemu/tcg/busy-instructions")
        # A hundredth of a second spent waiting would be 5,000 instructions an operation more.
        each = said["baseline"]["per_operation"]["median"]
        self.assertTrue(2000 < each < 9000, each)

    def test_who_is_stopped_while_a_client_works_leaves_nothing(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        spec = folder / "redis.yaml"
        spec.write_text(REDIS)
        operations = f"{900000000 + os.getpid()}"  # nobody else's

        def clients():
            texts = []
            for process in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    texts.append(process.read_bytes().split(b"\0"))
                except OSError:
                    pass  # it has just ended
            return [t for t in texts if b"redis-benchmark" in t[:1] and operations.encode() in t]

        with subprocess.Popen([TOOL, "measure", spec, "--unprotected", "--workload", "redis/get",
                               "--platform", "qemu", "-n", operations, "--lean", "-o",
                               folder / "out"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as measuring:
            while not clients() and measuring.poll() is None:
                time.sleep(0.05)
            measuring.terminate()
            self.assertEqual(measuring.wait(100), 130)
        self.assertEqual(clients(), [])
        with contextlib.closing(sqlite3.connect(folder / "out/results.db")) as results:
            self.assertEqual(results.execute("SELECT count(*) FROM runs").fetchone(), (0,))

    def test_in_an_emulators_time(self):
        done = self.measured("qemu/tcg/cycles")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("qemu/tcg/cycles", done.stdout)

    def test_a_clients_work_is_profiled(self):
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        spec = folder / "redis.yaml"
        spec.write_text(REDIS)
        done = tool("profile", spec, "--workload", "redis/get", "-n", "2000", "--no-hardening",
                    "-o", folder / "profile.yaml", "--out", folder / "out")
        self.assertEqual(done.returncode, 0, done.stderr)
        profile = yaml.safe_load((folder / "profile.yaml").read_text())
        self.assertGreater(profile["calls"]["redis"]["libc"], 1)  # the time, for every command
        self.assertGreater(profile["work"]["redis"], profile["work"]["netdev"])
        # The parts are about as much as the whole.
        self.assertLess(sum(profile["work"].values()), 2 * profile["base"])

    def test_instructions_are_not_a_clients_clock(self):
        done = self.measured("qemu/tcg/instructions")
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("client", done.stderr)

    @unittest.skipUnless(in_namespace(), NO_NAMESPACE)
    def test_over_a_tap_in_a_namespace(self):
        done = self.measured("linux")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("linux/native/cycles", done.stdout)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(inside(sys.argv[2]))
    unittest.main()
