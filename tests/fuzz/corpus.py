#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Make the inputs that fuzzing begins with, or reduce what it has found to a few.

usage: corpus.py seeds TARGET FOLDER
       corpus.py reduce TARGET PROGRAM FOLDER..

seeds    writes an input for each capture of captures/ into FOLDER: its packets as steps (stage.h), or its
         messages for the target "message". Of what is encrypted the first bytes are kept, zeros stand for the
         rest. What does not fit into an input is left out.
reduce   replaces tests/fuzz/corpus/TARGET by inputs of it and of these folders, as few as reach all that they
         reach together, and no more than MAX_FILES.

TARGET is message, fragments or tracker; PROGRAM is the fuzzer, build/fuzz/tests/fuzz/fuzz_TARGET.
"""
import argparse
import hashlib
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tools" / "lib"))
import pcapfile  # noqa: E402

MAX_INPUT = 4000  # bytes
MAX_FILES = 200   # of a target
MAX_BYTES = 300000
SIZE_OF_A_FILE = 1000  # what a file costs besides its bytes: there may not be many

# ---- IP packets ----

ETHERNET, RAW_IP = 1, 101
VLAN_TYPES = (0x8100, 0x88A8)
IP_TYPES = (0x0800, 0x86DD)
HEADER = 28        # of IKE
KEPT = 24          # bytes of what is encrypted
PROTOCOL_UDP, PROTOCOL_TCP = 17, 6
PAYLOAD_SK, PAYLOAD_SKF = 46, 53


def ip_packet(frame):
    """The bytes from the IP header on; None when there is none."""
    if frame.linktype == RAW_IP:
        return frame.data
    if frame.linktype != ETHERNET:
        return None
    at = 12
    while frame.data[at:at + 2] and struct.unpack_from(">H", frame.data, at)[0] in VLAN_TYPES:
        at += 4
    if len(frame.data) < at + 2 or struct.unpack_from(">H", frame.data, at)[0] not in IP_TYPES:
        return None
    return frame.data[at + 2:]


def transport(packet):
    """(protocol, offset of what follows the IP header, whether it is a fragment); extension headers are left."""
    if packet[0] >> 4 == 4:
        return packet[9], 4 * (packet[0] & 15), struct.unpack_from(">H", packet, 6)[0] & 0x3FFF != 0
    return packet[6], 40, packet[6] == 44


def message_at(packet):
    """Offset of an IKE message in an unfragmented UDP packet; None when there is none."""
    protocol, at, is_fragment = transport(packet)
    if protocol != PROTOCOL_UDP or is_fragment or len(packet) < at + 8 + HEADER:
        return None
    at += 8
    if packet[at:at + 4] == bytes(4):
        at += 4
    is_ike = len(packet) >= at + HEADER and packet[at + 17] >> 4 in (1, 2)
    return at if is_ike and struct.unpack_from(">I", packet, at + 24)[0] <= len(packet) - at else None


def clear_bytes(packet, at):
    """How many bytes of a message are in clear, and some more."""
    if packet[at + 17] >> 4 == 1:
        return HEADER + KEPT if packet[at + 19] & 1 else len(packet) - at
    kind, here = packet[at + 16], at + HEADER
    while kind and here + 4 <= len(packet):
        length = struct.unpack_from(">H", packet, here + 2)[0]
        if kind in (PAYLOAD_SK, PAYLOAD_SKF):
            return here + 4 + KEPT - at
        if length < 4:
            break
        kind, here = packet[here], here + length
    return len(packet) - at


def kept_bytes(packet):
    protocol, at, _ = transport(packet)
    message = message_at(packet)
    if message is not None:
        return min(len(packet), message + clear_bytes(packet, message))
    return min(len(packet), at + (400 if protocol == PROTOCOL_TCP else 96))


# ---- inputs ----

STEP_PACKET, STEP_TIME = 0, 1
SECONDS = [0, 0.00001, 0.0005, 0.02, 0.1, 0.25, 0.5, 1, 2, 4, 5, 8, 10, 15, 20, 30, 60, 120, 600, 3600, 90000,
           -0.001, -1, -60, -4000]  # as in steps_stage.c


def time_step(seconds):
    nearest = min(range(len(SECONDS)), key=lambda i: abs(SECONDS[i] - seconds))
    return bytes([STEP_TIME, nearest])


def packet_step(packet):
    kept = kept_bytes(packet)
    return struct.pack(">BHH", STEP_PACKET, kept, min(len(packet), 2047) - min(kept, 2047)) + packet[:kept]


def steps(capture):
    out, before = b"", None
    for frame in capture.frames:
        packet = ip_packet(frame)
        if not packet or len(packet) < 20:
            continue
        step = packet_step(packet)
        if before is not None and abs(frame.time_ns - before - 10**7) > 5 * 10**6:
            step = time_step((frame.time_ns - before) / 1e9) + step
        if len(out) + len(step) <= MAX_INPUT:
            out += step
        before = frame.time_ns
    return out


def conversations(capture, number, prefix):
    data = steps(capture)
    if data:
        yield (bytes([number % 128]) if prefix else b"") + data


AS_MESSAGE, AS_BODY, AS_PACKET = 0, 2, 3  # fuzz_message.c
BODIES = {1, 5, 11, 12, 13, 14, 33, 35, 36, 41, 42, 43, 44, 45, 47}


def bodies(packet, at):
    kind, here = packet[at + 16], at + HEADER
    while kind and here + 4 <= len(packet):
        length = struct.unpack_from(">H", packet, here + 2)[0]
        if length < 4:
            return
        if kind in BODIES:
            yield packet[here + 4:here + length]
        kind, here = packet[here], here + length


def messages(capture):
    for packet in filter(None, map(ip_packet, capture.frames)):
        if len(packet) < 20:
            continue
        yield bytes([AS_PACKET, transport(packet)[0]]) + packet[:96]
        at = message_at(packet)
        if at is None:
            continue
        kept = min(clear_bytes(packet, at), len(packet) - at)
        yield (bytes([AS_MESSAGE, 0]) + packet[at:at + kept] + bytes(len(packet) - at - kept))[:MAX_INPUT]
        if kept == len(packet) - at:
            yield from (bytes([AS_BODY, 0]) + body for body in bodies(packet, at))


def inputs(target, capture, number):
    if target == "message":
        return messages(capture)
    return conversations(capture, number, target == "tracker")


def save(folder, data):
    (folder / hashlib.sha1(data).hexdigest()[:16]).write_bytes(data)


def seeds(arguments):
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for number, path in enumerate(sorted((TOP / "captures").glob("*.pcapng"))):
        for data in inputs(arguments.target, pcapfile.read(path), number):
            save(arguments.folder, data)


# ---- fewer ----


def features(program, folders, temporary):
    """What each file of the folders reaches: what counts is which code, not how often."""
    control = temporary / "control"
    subprocess.run([program, "-set_cover_merge=1", "-use_counters=0", f"-max_len={MAX_INPUT}", "-timeout=20",
                    f"-merge_control_file={control}", temporary / "merged", *folders], check=True,
                   stderr=subprocess.DEVNULL)
    lines = control.read_text().splitlines()
    paths = lines[2:2 + int(lines[0])]
    reached = {}
    for line in lines[2 + len(paths):]:
        kind, number, *values = line.split()
        if kind == "FT":
            reached[paths[int(number)]] = set(values)
    return reached


def best_of(reached, sizes):
    """The files to keep: always the one that reaches most that is new for its size."""
    kept, known = [], set()
    while reached and len(kept) < MAX_FILES:
        best = max(reached, key=lambda path: len(reached[path] - known) / (SIZE_OF_A_FILE + sizes[path]))
        new = reached.pop(best) - known
        if not new or sum(sizes[path] for path in kept) + sizes[best] > MAX_BYTES:
            break
        kept.append(best)
        known |= new
        reached = {path: values for path, values in reached.items() if values - known}
    return kept, len(known), len(set().union(known, *reached.values()))


def reduce(arguments):
    folder = TOP / "tests" / "fuzz" / "corpus" / arguments.target
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        temporary = pathlib.Path(name)
        (temporary / "merged").mkdir()
        reached = features(arguments.program, [folder, *arguments.folders], temporary)
        sizes = {path: min(MAX_INPUT, pathlib.Path(path).stat().st_size) for path in reached}
        kept, known, all_features = best_of(reached, sizes)
        data = [pathlib.Path(path).read_bytes()[:MAX_INPUT] for path in kept]
    shutil.rmtree(folder)
    folder.mkdir()
    for one in data:
        save(folder, one)
    print(f"{arguments.target}: {len(kept)} of {len(sizes)} inputs reach {known} of {all_features} features, "
          f"{sum(map(len, data))} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("seeds")
    command.set_defaults(run=seeds)
    command.add_argument("target", choices=["message", "fragments", "tracker"])
    command.add_argument("folder", type=pathlib.Path)
    command = commands.add_parser("reduce")
    command.set_defaults(run=reduce)
    command.add_argument("target", choices=["message", "fragments", "tracker"])
    command.add_argument("program")
    command.add_argument("folders", nargs="+", type=pathlib.Path, metavar="folder")
    arguments = parser.parse_args()
    arguments.run(arguments)


if __name__ == "__main__":
    main()
