"""Ethernet frames as nobody should send them: what fuzzes the network stack of an image from its wire.

Frames are built whole, then damaged, then mostly given right checksums again, so that the damage is looked at
and not dropped at the door. `Peer` besides plays a TCP client by hand: it knows the numbers that the image expects,
and so gets behind the handshake with overlaps, holes, urgent pointers and options that lie about their length.
"""

import ctypes
import random
import socket
import struct
import time

IMAGE = "10.0.2.15"
IMAGE_MAC = bytes.fromhex("525400123456")
PEER = "10.0.2.77"
PEER_MAC = bytes.fromhex("020000000077")
service = 7  # what listens there
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32


def address(text):
    return socket.inet_aton(text)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(payload, kind, to=IMAGE_MAC, by=PEER_MAC):
    return to + by + struct.pack("!H", kind) + payload


def arp(operation=2, sender=PEER, sender_mac=PEER_MAC, target=IMAGE, target_mac=IMAGE_MAC):
    return ethernet(struct.pack("!HHBBH", 1, 0x800, 6, 4, operation) + sender_mac + address(sender) +
                    target_mac + address(target), 0x806)


def ip(protocol, payload, *, options=b"", identity=0, fragment=0, ttl=64, length=None, header=None,
       source=PEER, target=IMAGE):
    words = 5 + len(options) // 4 if header is None else header
    total = 20 + len(options) + len(payload) if length is None else length
    head = struct.pack("!BBHHHBBH4s4s", 0x40 | words & 15, 0, total & 0xffff, identity, fragment, ttl,
                       protocol, 0, address(source), address(target)) + options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return ethernet(head + payload, 0x800)


def transport(protocol, segment, place):
    """`segment` with the checksum at `place` made right."""
    pseudo = address(PEER) + address(IMAGE) + struct.pack("!BBH", 0, protocol, len(segment))
    segment = segment[:place] + b"\0\0" + segment[place + 2:]
    return segment[:place] + struct.pack("!H", checksum(pseudo + segment)) + segment[place + 2:]


def tcp(port, sequence, acknowledged, flags, data=b"", *, window=8192, options=b"", urgent=0,
        words=None, to=None):
    options += b"\0" * (-len(options) % 4)
    words = 5 + len(options) // 4 if words is None else words
    segment = struct.pack("!HHIIBBHHH", port, service if to is None else to, sequence & 0xffffffff, acknowledged & 0xffffffff,
                          (words & 15) << 4, flags, window, 0, urgent) + options + data
    return transport(6, segment, 16)


def udp(port, to, data, length=None):
    length = 8 + len(data) if length is None else length
    return transport(17, struct.pack("!HHHH", port, to, length & 0xffff, 0) + data, 6)


def icmp(kind, code, rest):
    message = struct.pack("!BBH", kind, code, 0) + rest
    return message[:2] + struct.pack("!H", checksum(message)) + message[4:]


class Dice(random.Random):
    def few(self, most):
        """Mostly little, sometimes as much as there can be."""
        return self.choice([0, 1, self.randrange(most), self.randrange(most + 1), most])

    def number(self, bits):
        edge = self.choice([0, 1, (1 << bits) - 1, 1 << (bits - 1), self.getrandbits(bits)])
        return (edge + self.choice([0, 0, 1, -1])) % (1 << bits)

    def some(self, most):
        return self.randbytes(self.few(most))

    def options(self):
        """A TCP or IP option list whose lengths are true, or not."""
        made = b""
        while len(made) < 36 and self.random() < 0.7:
            kind = self.choice([0, 1, 2, 3, 4, 5, 8, self.randrange(256)])
            made += bytes([kind])
            if kind > 1:
                data = self.some(10)
                made += bytes([self.choice([len(data) + 2, self.randrange(256)])]) + data
        return (made + b"\0" * (-len(made) % 4))[:40]


def stray(dice):
    """A frame that belongs to nothing."""
    kind = dice.randrange(9)
    if kind == 0:
        frame = arp(dice.number(16), sender=dice.choice([PEER, IMAGE, "255.255.255.255", "0.0.0.0"]),
                    target=dice.choice([IMAGE, PEER, "0.0.0.0"]))
    elif kind == 1:
        frame = ip(6, tcp(dice.number(16), dice.number(32), dice.number(32), dice.getrandbits(8),
                          dice.some(1400), window=dice.number(16), options=dice.options(),
                          urgent=dice.number(16), to=dice.choice([service, 0, 80, dice.number(16)]),
                          words=dice.choice([None, None, dice.randrange(16)])))
    elif kind == 2:
        frame = ip(17, udp(dice.number(16), dice.number(16), dice.some(1400),
                           dice.choice([None, dice.number(16)])))
    elif kind == 3:
        inner = ip(dice.choice([6, 17]), dice.some(64))[14:]
        frame = ip(1, icmp(dice.choice([0, 3, 4, 5, 8, 11, 12, 13, 17]), dice.number(8),
                           dice.some(4) + inner[:dice.few(64)]))
    elif kind == 4:
        frame = ip(dice.number(8), dice.some(1400), options=dice.options(), ttl=dice.number(8))
    elif kind == 5:  # a piece of a datagram: overlapping, out of order, too long
        frame = ip(dice.choice([1, 6, 17]), dice.some(1400), identity=dice.randrange(4),
                   fragment=dice.choice([0x2000, 0]) | dice.choice(
                       [dice.randrange(16), dice.number(13)]))
    elif kind == 6:
        frame = ip(dice.choice([1, 6, 17]), dice.some(200), header=dice.randrange(16),
                   length=dice.number(16))
    elif kind == 7:  # no IPv6 here, nor anything else
        frame = ethernet(dice.some(1500), dice.choice([0x86dd, 0x8100, 0x8863, dice.number(16)]))
    else:
        frame = ip(2, dice.some(64), target=dice.choice(["224.0.0.1", "10.0.2.255", IMAGE]))
    if dice.random() < 0.3:
        frame = bytearray(frame)
        for _ in range(dice.randrange(1, 6)):
            frame[dice.randrange(len(frame))] ^= 1 << dice.randrange(8)
    if dice.random() < 0.2:
        frame = frame[:dice.randrange(len(frame) + 1)]
    return bytes(frame)


class Peer:
    """One end of a connection with the image's service, by hand. `wire`: sends and receives frames."""

    def __init__(self, wire, dice):
        self.wire, self.dice = wire, dice
        self.port = 1024 + dice.randrange(60000)
        self.sent = dice.number(32)  # the next byte's number
        self.heard = 0

    def connect(self):
        self.wire.send(ip(6, tcp(self.port, self.sent, 0, SYN, options=self.dice.choice(
            [b"", b"\2\4\5\xb4", b"\2\4\0\1", self.dice.options()]))))
        answer = self.wire.segment(self.port)
        if answer is None or answer[2] & (SYN | ACK | RST) != SYN | ACK:
            return False
        self.sent = (self.sent + 1) % (1 << 32)
        self.heard = (answer[0] + 1) % (1 << 32)
        self.wire.send(ip(6, tcp(self.port, self.sent, self.heard, ACK)))
        return True

    def disturb(self, times):
        """Segments near the window, most of them wrong in one way. None is the server's end (4)."""
        dice = self.dice
        for _ in range(times):
            data = dice.some(1400).replace(b"\4", b"\5")
            sequence = self.sent + dice.choice([0, 0, 1, -1, dice.randrange(-3000, 3000), dice.number(32)])
            heard = self.heard + dice.choice([0, 0, 1, -1, dice.randrange(-3000, 3000), dice.number(32)])
            flags = dice.choice([ACK, ACK | PSH, ACK | PSH, ACK | URG, ACK | FIN, SYN, SYN | ACK,
                                 dice.getrandbits(6) & ~RST])
            frame = ip(6, tcp(self.port, sequence, heard, flags, data, window=dice.number(16),
                              options=dice.choice([b"", dice.options()]), urgent=dice.number(16)))
            self.wire.send(frame)
            if sequence == self.sent and flags & SYN == 0:
                self.sent = (self.sent + len(data)) % (1 << 32)
            self.wire.drain()

    def reset(self):
        """Ends it: else the server would run out of places for clients, which is no news."""
        for _ in range(10):
            # SYN again: an open connection says which number it waits for, a new one opens.
            self.wire.send(ip(6, tcp(self.port, self.sent, self.heard, SYN)))
            answer = self.wire.segment(self.port)
            while answer is not None and answer[2] & (SYN | RST) == 0:
                latest, answer = answer, self.wire.segment(self.port, 0.01)
                if answer is None:
                    self.wire.send(ip(6, tcp(self.port, latest[1], self.heard, RST)))
            if answer is not None:
                self.wire.send(ip(6, tcp(self.port, answer[1], 0, RST)))
                return


class Wire:
    """A tap's host end, raw."""

    def __init__(self, device):
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.socket.bind((device, 0))
        self.for_us_only()
        self.count = 0

    def for_us_only(self):
        """What others talk about with the image (a benchmark: 100,000 frames a second) would bury our answers."""
        load_half, load_word, equal, take = 0x28, 0x20, 0x15, 0x06
        to = int.from_bytes(PEER_MAC, "big")
        program = b"".join(struct.pack("HBBI", *line) for line in [
            (load_half, 0, 0, 12), (equal, 4, 0, 0x806),  # ARP
            (load_word, 0, 0, 0), (equal, 0, 3, to >> 16),
            (load_half, 0, 0, 4), (equal, 0, 1, to & 0xffff),
            (take, 0, 0, 0x40000), (take, 0, 0, 0)])
        held = ctypes.create_string_buffer(program)
        self.socket.setsockopt(socket.SOL_SOCKET, 26,  # SO_ATTACH_FILTER
                               struct.pack("HP", len(program) // 8, ctypes.addressof(held)))

    def send(self, frame):
        # What is too short for Ethernet, the kernel would refuse.
        self.socket.send(frame.ljust(14, b"\0")[:1514])
        self.count += 1

    def receive(self):
        try:
            return self.socket.recv(2048)
        except (BlockingIOError, TimeoutError):
            return None

    def answer(self, frame):
        """The image asks who its peer is before it answers anything."""
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == address(PEER):
            self.socket.send(arp())

    def drain(self):
        self.socket.setblocking(False)
        while (frame := self.receive()) is not None:
            self.answer(frame)

    def segment(self, port, patience=0.2):
        """(sequence, acknowledged, flags) of the next segment to `port`; None: none came."""
        end = time.monotonic() + patience
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            frame = self.receive()
            if frame is None:
                return None
            self.answer(frame)
            if frame[12:14] != b"\x08\0" or len(frame) < 54 or frame[23] != 6:
                continue
            start = 14 + (frame[14] & 15) * 4
            if frame[6:12] != IMAGE_MAC or struct.unpack("!H", frame[start + 2:start + 4])[0] != port:
                continue
            sequence, acknowledged = struct.unpack("!II", frame[start + 4:start + 12])
            return sequence, acknowledged, frame[start + 13]
        return None
