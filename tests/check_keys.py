#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Check tools/ikex-keys: what it reads, what it writes and prints, how it ends; and ikex-report --keys with it.

usage: check_keys.py [unittest options]

Logs, tables and captures are in keys/, made by real daemons. The checks in Decrypted need tshark, and one of
them ikex, as tools/test sets it up.
"""
import gzip
import itertools
import os
import pathlib
import re
import resource
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parent
DATA = HERE / "keys"
PATIENCE_S = 60
V1, V2, ESP = TABLES = ("ikev1_decryption_table", "ikev2_decryption_table", "esp_sa")
KEYS, NO_KEYS, UNREAD, WRONG_OPTION, UNWRITTEN = 0, 3, 4, 5, 7

KEY_1 = "0123456789abcdef,00112233445566778899aabbccddeeff"
KEY_2 = f'1123456789abcdef,fedcba9876543210,{"a1" * 16},{"b2" * 16},"AES-CBC-128 [RFC3602]",{"c3" * 20},' \
        f'{"d4" * 20},"HMAC_SHA1_96 [RFC2404]"'
KEY_ESP = f'"IPv4","192.0.2.1","192.0.2.2","0x12345678","TripleDes-CBC [RFC2451]","0x{"e5" * 24}",' \
          f'"HMAC-MD5-96 [RFC2403]","0x{"f6" * 16}"'
ESTABLISHED = "05[MGR] checkin IKEv2 SA c[1] with SPIs 1123456789abcdef_i fedcba9876543210_r"
LINE = re.compile(r"\d\d\[[A-Z]{3}")


def saved(end, *tables):
    """Lines of the tables that save-keys wrote."""
    return [line for table in tables or TABLES for path in (DATA / f"{end}.keys").glob(table)
            for line in path.read_text().splitlines()]


def secrets_in(lines):
    """The beginnings of all keys in lines of tables."""
    key = re.compile(r"(?<![0-9a-f])(?:0x)?((?:[0-9a-f]{2}){9,})")
    return {match[1][:16] for line in lines for match in key.finditer(line)}


SECRETS = secrets_in([line for end in DATA.glob("*.keys") for line in saved(end.stem)] + [KEY_1, KEY_2, KEY_ESP])


def dump(title, data, group="IKE", thread="05"):
    """What charon prints of octets."""
    yield f"{thread}[{group}] {title} => {len(data)} bytes @ 0x7f3370002e50"
    for offset in range(0, len(data), 16):
        octets = data[offset:offset + 16]
        yield f"{thread}[{group}] {offset:4}: {' '.join(f'{x:02X}' for x in octets):<47}  {'.' * len(octets)}"


def derivation(proposal="AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048", ei=16, er=16, ai=20, ar=20):
    """What charon logs of an IKEv2 SA, its message first."""
    yield "05[NET] received packet: from 192.0.2.2[500] to 192.0.2.1[500] (464 bytes)"
    yield "05[ENC] parsed IKE_SA_INIT response 0 [ SA KE No ]"
    if proposal:
        yield f"05[CFG] selected proposal: IKE:{proposal}"
    yield from dump("Sk_d secret", b"\x99" * 20)
    for title, octet, length in (("ai", 0xC3, ai), ("ar", 0xD4, ar), ("ei", 0xA1, ei), ("er", 0xB2, er)):
        if length:
            yield from dump(f"Sk_{title} secret", bytes([octet]) * length)


def text(*lines):
    return "".join(line + "\n" for line in lines)


def mixed(*logs):
    """A line of each in turn."""
    return [line for lines in itertools.zip_longest(*logs, fillvalue="") for line in lines]


class Case(unittest.TestCase):
    """A test with a folder of its own and a home without anything."""

    def setUp(self):
        self.base = pathlib.Path(tempfile.mkdtemp(prefix="ikex-check-"))
        self.addCleanup(shutil.rmtree, self.base, ignore_errors=True)
        for name in ("in", "tmp", "home", "copy"):
            (self.base / name).mkdir()
        self.here, self.home = self.base / "in", self.base / "home"
        shutil.copytree(TOP / "tools" / "lib", self.base / "copy" / "tools" / "lib")
        for tool in ("ikex-keys", "ikex-report"):
            shutil.copy(TOP / "tools" / tool, self.base / "copy" / "tools")
        self.environment = {**os.environ, "TMPDIR": str(self.base / "tmp"), "HOME": str(self.home)}
        for name in ("WIRESHARK_CONFIG_DIR", "XDG_CONFIG_HOME"):
            self.environment.pop(name, None)

    def file(self, name, content):
        path = self.here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def run_tool(self, *arguments, stdin=b"", tool="ikex-keys", **options):
        """Run to the end: sets code, out and err. Nothing secret is printed unless asked for."""
        arguments = [str(x) for x in arguments]
        done = subprocess.run([str(self.base / "copy" / "tools" / tool), *arguments], cwd=self.here, input=stdin,
                              env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=PATIENCE_S, check=False, **options)
        self.code, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.assertNotIn("Traceback", self.err)
        self.assertEqual(os.listdir(self.base / "tmp"), [], "temporary files are left")
        self.check_no_secret(self.err if any(x.startswith("--print") for x in arguments) else self.out + self.err)
        return self.code

    def check_no_secret(self, printed):
        octets = re.sub(r"(?<=[0-9a-f]{2}) +(?=[0-9a-f]{2})", "", printed.lower())
        self.assertEqual([secret for secret in SECRETS if secret in octets], [])

    def keys_of(self, *arguments, code=KEYS, **options):
        """The lines of tables that come of files."""
        self.assertEqual(self.run_tool("--esp", "--print", *arguments, **options), code, self.err)
        return [line for line in self.out.splitlines() if not line.startswith("#")]

    def mode(self, path):
        return stat.S_IMODE(os.stat(path).st_mode)


class Formats(Case):
    def check(self, *files, due, **options):
        self.assertEqual(sorted(self.keys_of(*files, **options)), sorted(due))

    def test_charon_agrees_with_save_keys(self):
        self.check(DATA / "v1.i.log", due=saved("v1.i", V1))
        self.check(DATA / "v1.r.log", due=saved("v1.i", V1))
        self.check(DATA / "rekey.r.log", due=saved("rekey.r"))
        self.check(DATA / "esp.i.log", due=saved("esp.i"))
        self.assertEqual(self.err, "")

    def test_charon_where_save_keys_is_wrong(self):
        """At the end that rekeys; the other end has the right SPIs."""
        self.check(DATA / "rekey.i.log", due=saved("rekey.r"))
        self.assertNotEqual(saved("rekey.i", V2), saved("rekey.r", V2))

    def prefixed(self, name, prefix):
        return [prefix + line[LINE.search(line).start():] for line in (DATA / name).read_text().splitlines()]

    def test_charon_with_prefixes(self):
        prefixes = ("Nov 27 10:54:47 gw charon: ", "2026-11-27T10:54:47.167+01:00 gw charon-systemd[7]: ",
                    "<30>1 gw ipsec[813]: ", "Fri, 2026-11-27, 10:54:47 ", "[LOG] ", "")
        for number, prefix in enumerate(prefixes):
            with self.subTest(prefix=prefix):
                path = self.file(f"{number}.log", text(*self.prefixed("rekey.r.log", prefix)))
                self.check(path, due=saved("rekey.r"))

    def test_charon_two_hosts_in_one_syslog(self):
        one = ["Nov 27 10:54:47 one charon: " + line for line in (*derivation(), ESTABLISHED)]
        two = self.prefixed("v1.r.log", "Nov 27 10:54:47 two charon: ")
        two = [re.sub(r"\b\d\d\[", "05[", line) for line in two]
        middle = next(number for number, line in enumerate(two) if "encryption key Ka" in line)
        path = self.file("syslog", text(*mixed(one, two[middle - 40:])))
        self.check(path, due=[KEY_2] + saved("v1.i", V1))

    def test_charon_threads_interleaved(self):
        """Two negotiations at once in one daemon."""
        lines = [[re.sub(r"\b(\d\d)\[", lambda x, step=step: f"{int(x[1]) + step:02}[", line)
                  for line in self.prefixed(name, "") if "Starting" not in line]
                 for name, step in (("rekey.r.log", 20), ("v1.r.log", 60))]
        self.check(self.file("log", text(*mixed(*lines))), due=saved("rekey.r") + saved("v1.i", V1))

    def test_charon_algorithms(self):
        for proposal, lengths, name in (
                ("AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519", (36, 0), "AES-GCM-256 with 16 octet ICV"),
                ("AES_CCM_8_128/PRF_HMAC_SHA1/MODP_2048", (19, 0), "AES-CCM-128 with 8 octet ICV"),
                ("AES_CTR_192/HMAC_SHA2_512_256/PRF_HMAC_SHA1/ECP_256", (28, 64), "AES-CTR-192 [RFC5930]"),
                ("3DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_1024", (24, 16), "3DES [RFC2451]"),
                ("AES_CBC_128/AES_XCBC_96/PRF_AES128_XCBC/MODP_2048", (16, 16), "ANY 96-bits of Authentication")):
            with self.subTest(proposal=proposal):
                key, mac = lengths
                log = text(*derivation(proposal, key, key, mac, mac), ESTABLISHED)
                self.assertIn(name, self.keys_of(self.file("log", log))[0])
                self.assertEqual(self.err, "")

    def test_libreswan(self):
        for name in ("libreswan", "libreswan-gcm"):
            with self.subTest(name=name):
                self.check(DATA / f"{name}.log", due=saved(f"{name}.r"))

    def test_libreswan_cuts_keys(self):
        """Of 64 octets for integrity it prints 32: these are not checked."""
        whole = saved("libreswan-sha512.r")[0].split(",")
        self.check(DATA / "libreswan-sha512.log",
                   due=[",".join(whole[:5]) + ',,,"ANY 256-bits of Authentication [No Checking]"'])

    def test_libreswan_without_salts(self):
        lines = [x for x in (DATA / "libreswan-gcm.log").read_text().splitlines() if "salt" not in x]
        self.assertEqual(self.run_tool(self.file("log", text(*lines))), UNREAD)
        self.assertIn("plutodebug=crypt,private", self.err)

    def test_libreswan_without_keys(self):
        bare = self.file("log", text('Nov 27 "c" #1: sent IKE_SA_INIT request'))
        for name, says in (("libreswan-v1.log", "prints no keys of IKEv1"), (bare, "plutodebug=private")):
            self.assertEqual(self.run_tool(DATA / name), NO_KEYS)
            self.assertIn(says, self.err)

    def test_tables(self):
        self.check(DATA / "rekey.r.keys", due=saved("rekey.r"))
        both = self.file("both", f"# automatically generated\r\n\r\n{KEY_1}\r\n  {KEY_2}  \r\n{KEY_ESP}\r\n")
        self.check(both, due=[KEY_1, KEY_2, KEY_ESP.replace("TripleDes", "TripleDES")])

    def test_standard_input_and_gzip(self):
        log = (DATA / "rekey.r.log").read_bytes()
        self.check("-", due=saved("rekey.r"), stdin=log)
        self.check(self.file("log.1.gz", gzip.compress(log)), due=saved("rekey.r"))

    def test_several_files(self):
        files = (DATA / "rekey.r.log", DATA / "v1.r.log", DATA / "v1.i.keys")
        self.check(*files, due=saved("rekey.r") + saved("v1.i"))

    def test_memory_is_bounded(self):
        """A log of 80 MB in 200 MB; the keys are at its end."""
        with open(self.here / "log", "w") as file:
            chatter = "05[JOB] next event in 9s 0ms, waiting for what may come in the meantime\n" * 10_000
            for _ in range(110):
                file.write(chatter)
            file.write("x" * 10_000_000 + "\n" + (DATA / "v1.r.log").read_text())

        def limit():
            resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20))
        self.check("log", due=saved("v1.i", V1), preexec_fn=limit)


class BadInput(Case):
    def expect(self, content, says, code=UNREAD, lines=()):
        """It says so, and uses nothing but these lines."""
        path = self.file("file", content)
        self.assertEqual(self.keys_of(path, code=code), list(lines))
        self.assertIn(says, self.err)
        self.assertIn(path, self.err)
        self.run_tool(path)
        self.run_tool("--keys", path, DATA / "v1.pcapng", tool="ikex-report")

    def test_no_format(self):
        self.expect("some text\n", ":1: this line is neither")
        self.expect("\n# remark\nsome text\n", ":3: this line is neither")
        self.expect(bytes(range(256)) * 9, "line 1 is not text")
        self.expect((DATA / "v1.pcapng").read_bytes(), "is not text")
        self.expect(b"\x1f\x8b\x08\x00broken", "cannot be read")
        self.expect(gzip.compress(b"05[IKE] text\n" * 9999)[:-20], "cannot be read")

    def test_empty(self):
        for content in ("", "\n\n", "# nothing\n"):
            self.assertEqual(self.run_tool(self.file("file", content)), NO_KEYS)
            self.assertEqual(self.err, "")

    def test_tables(self):
        for line in ("0123456789abcdef,0011223", "0123456789abcde,0011", "0123456789abcdef,xyz", KEY_2[:-1],
                     KEY_2 + ",1"):
            self.expect(f"{KEY_1}\n{line}\n", ":2: this line is neither", lines=[KEY_1])
        self.expect(f"{KEY_1[:-1]}\n{KEY_1}\n", ":1: this line is neither", lines=[KEY_1])

    def test_lengths_in_tables(self):
        for old, new, says in (("a1" * 16, "a1" * 15, "SK_ei has 15 octets, its algorithm wants 16"),
                               ("b2" * 16, "b2" * 32, "SK_er has 32 octets, its algorithm wants 16"),
                               ("c3" * 20, "", "SK_ai has 0 octets, its algorithm wants 20"),
                               ("AES-CBC-128", "AES-CBC-256", "SK_ei has 16 octets, its algorithm wants 32")):
            path = self.file("table", KEY_2.replace(old, new) + "\n")
            self.assertEqual(self.run_tool(path), UNREAD)
            self.assertIn(f"{path}:1: IKEv2 SA 1123456789abcdef fedcba9876543210: {says}", self.err)
        self.assertEqual(self.run_tool(self.file("table", "0123456789abcdef,\n")), UNREAD)
        self.assertIn("the key is empty", self.err)
        self.assertEqual(self.run_tool(self.file("table", KEY_2.replace("AES-CBC-128", "NEW") + "\n")), KEYS)

    def test_lengths_in_logs(self):
        self.expect(text(*derivation(ei=15), ESTABLISHED), "SK_ei has 15 octets, its algorithm wants 16")
        self.expect(text(*derivation(ar=0), ESTABLISHED), "SK_ar has 0 octets, its algorithm wants 20")
        wrong = (DATA / "v1.i.log").read_text().replace("AES_CBC_256", "AES_CBC_128")
        self.expect(wrong, "the key has 32 octets, AES_CBC_128")

    def damaged(self, find, replace, says, number=0):
        """One change to the log of one negotiation."""
        lines = list(derivation())
        index = next(number for number, line in enumerate(lines) if re.search(find, line))
        lines[index + number:index + number + 1] = replace
        self.expect(text(*lines, ESTABLISHED), says)

    def test_dumps(self):
        damaged = 'the dump of "Sk_ei secret" is damaged'
        first = "05[IKE]    0: A1 A1 A1 A1 A1 A1 A1 A1 A1 A1 A1 A1 A1 A1 A1 A1  ................"
        self.damaged("Sk_ei", [first[:40]], damaged, number=1)
        self.damaged("Sk_ei", [first.replace("A1 A1", "A1 1", 1)], damaged, number=1)
        self.damaged("Sk_ei", [first.replace("A1 A1", "A1 G1", 1)], damaged, number=1)
        self.damaged("Sk_ei", [first.replace("   0:", "  16:")], damaged, number=1)
        self.damaged("Sk_ei", [], 'the dump of "Sk_ei secret" is cut short', number=1)
        self.damaged("Sk_ai", [], 'the dump of "Sk_ai secret" is cut short', number=2)
        self.damaged("Sk_ai", ["05[IKE]   16: C3 C3 C3 C3 C3  ....."], 'the dump of "Sk_ai secret" is damaged',
                     number=2)
        self.expect(text(*list(derivation())[:-1]), 'the dump of "Sk_er secret" is cut short')

    def test_damage_names_the_line(self):
        path = self.file("log", text(*list(derivation())[:-1]))
        self.run_tool(path)
        self.assertIn(f"{path}:{len(list(derivation())) - 1}: ", self.err)

    def test_what_the_log_lacks(self):
        self.expect(text(*derivation()), 'its SPIs are not in the log, which needs "mgr = 2"')
        self.expect(text(*derivation(proposal=""), ESTABLISHED), 'which needs "cfg = 2"')
        self.expect(text("Sk_ei secret => 32 bytes @ 0x7fa4c8005e80"), "a log of charon without threads")
        self.expect(text(*derivation("CHACHA20_POLY1305/PRF_HMAC_SHA1/ECP_256", 36, 36, 0, 0), ESTABLISHED),
                    "Wireshark's table has no name for CHACHA20_POLY1305", code=NO_KEYS)
        self.expect(text("05[IKE] IKE_SA c[1] established"), 'it prints them with "ike = 4"', code=NO_KEYS)

    def expect_nothing_taken_over(self, *more):
        self.assertEqual(self.keys_of(self.file("log", text(*derivation(), *more)), code=UNREAD), [])

    def test_another_negotiation_in_the_same_thread(self):
        self.expect_nothing_taken_over("05[NET] received packet: from 192.0.2.9[500] to 192.0.2.1[500] (9 bytes)",
                                       ESTABLISHED)
        self.expect_nothing_taken_over("00[DMN] Starting IKE charon daemon (strongSwan 5.9.8)", ESTABLISHED)
        self.expect_nothing_taken_over(ESTABLISHED.replace("05[", "06["))

    def test_a_rekeyed_ike_sa_is_not_the_old_one(self):
        lines = text(*derivation()).replace("IKE_SA_INIT", "CREATE_CHILD_SA")
        old = ESTABLISHED.replace("checkin IKEv2 SA c[1]", "checkout IKEv2 SA by message")
        self.assertEqual(self.keys_of(self.file("log", text(old) + lines + text(ESTABLISHED)), code=UNREAD), [])
        new = ESTABLISHED.replace("c[1] with SPIs 1", "c[2] with SPIs 2")
        path = self.file("log", text(old) + lines + text(new, ESTABLISHED))
        self.assertEqual(self.keys_of(path), ["2" + KEY_2[1:]])

    def test_unreadable(self):
        path = self.file("file", KEY_1 + "\n")
        os.chmod(path, 0)
        if not os.access(path, os.R_OK):  # root reads everything
            self.assertEqual(self.run_tool(path), UNREAD)
            self.assertIn("cannot be read: Permission denied", self.err)
        self.assertEqual(self.run_tool("none"), UNREAD)
        self.assertIn("none: cannot be read: No such file", self.err)
        self.assertEqual(self.run_tool(self.here), UNREAD)
        self.assertIn("this folder has none of", self.err)

    def test_the_rest_is_used(self):
        good = self.file("good", KEY_1 + "\n")
        self.assertEqual(self.keys_of("none", good, DATA / "v1.r.log", code=UNREAD), [KEY_1, *saved("v1.i", V1)])

    def test_libreswan(self):
        lines = (DATA / "libreswan.log").read_text().splitlines()
        number = next(number for number, line in enumerate(lines) if "ikev2 I 0x" in line)
        for line, says in ((lines[number][:-1], "is damaged"), ("", "in one direction only"),
                           (lines[number].replace("aes256:0x", "aes256:0x0g"), "is damaged")):
            self.expect(text(*lines[:number], line, *lines[number + 1:]), says)

    def test_names_do_no_harm(self):
        path = self.file("a\x1b[31mb\n", "some text\n")
        self.run_tool(path)
        self.assertNotIn("\x1b", self.err)
        self.assertIn("\\x1b", self.err)


class Conflicts(Case):
    def test_two_ends(self):
        first, second = saved("mismatch.i")[0], saved("mismatch.r")[0]
        self.assertEqual(first[:16], second[:16])
        for ends in ("ir", "ri"):
            files = [DATA / f"mismatch.{end}.keys" for end in ends]
            self.assertEqual(self.keys_of(*files), saved(f"mismatch.{ends[1]}"))
            self.assertIn(f"another key for IKEv1 SA {first[:16]} than in {files[0]}", self.err)
            self.assertIn("two pre-shared keys", self.err)

    def test_repeats(self):
        self.assertEqual(self.keys_of(DATA / "v1.i.log", DATA / "v1.r.log", DATA / "v1.i.keys"), saved("v1.i"))
        self.assertEqual(self.err, "")
        self.assertEqual(self.keys_of(self.file("upper", KEY_1.upper() + "\n" + KEY_1 + "\n")), [KEY_1.upper()])

    def test_rekeyed_ike_sa_of_save_keys(self):
        """Its second line has the SPIs of the first one."""
        for more in ((), (DATA / "rekey.i.log",), (DATA / "rekey.r.keys",)):
            lines = self.keys_of(DATA / "rekey.i.keys", *more)
            self.assertIn(saved("rekey.i", V2)[0], lines)
            self.assertNotIn(saved("rekey.i", V2)[1], lines)
            self.assertIn("save-keys writes the keys of the IKE SA that replaced it", self.err)


class Output(Case):
    def test_summary(self):
        self.assertEqual(self.run_tool(DATA / "v1.r.log", DATA / "rekey.r.keys"), KEYS)
        self.assertRegex(self.out, r"IKEv1 SA [0-9a-f]{16}: key of 256 bits \(.*v1\.r\.log:\d+\)")
        self.assertRegex(self.out, r"IKEv2 SA [0-9a-f]{16} [0-9a-f]{16}: AES-CBC-256 \[RFC3602\], HMAC_SHA2")
        self.assertIn("ikex-keys: ikev1=1 ikev2=2 esp=4 repeated=0", self.out)
        self.assertIn("with --esp only", self.out)
        self.assertEqual(self.run_tool(DATA / "rekey.r.keys" / ESP), NO_KEYS)
        self.assertEqual(self.run_tool("--esp", DATA / "rekey.r.keys" / ESP), KEYS)
        self.assertIn("ESP SA 0x", self.out)

    def test_options_for_a_shell(self):
        lines = saved("v1.i", V1) + saved("rekey.r")
        files = (DATA / "v1.r.log", DATA / "rekey.r.keys")
        self.assertEqual(self.run_tool("--esp", "--print-options", *files), KEYS)
        words = subprocess.run(["sh", "-c", f"printf '%s\\n' {' '.join(self.out.splitlines())}"], check=True,
                               stdout=subprocess.PIPE, text=True).stdout.splitlines()
        self.assertEqual(words, shlex.split(self.out))
        self.assertEqual([x.split(":", 2)[2] for x in words if x.startswith("uat:")], lines)
        self.assertEqual(words[-1], "esp.enable_encryption_decode:TRUE")
        self.run_tool("--print-options", *files)
        self.assertNotIn("esp", self.out)

    def test_wrong_options(self):
        for words, says in (((), "no file given"), (("--bogus", "x"), 'unknown option "--bogus"'),
                            (("--print=yes", "x"), "unknown option"),
                            (("--profile",), "--profile needs a value: NAME"),
                            (("--profile", "../x", "x"), "not the name of a profile"),
                            (("--output=", "x"), "needs a value"),
                            (("--print", "--print-options", "x"), "do not go together"),
                            (("--profile", "x", "--output", "y", "x"), "do not go together")):
            self.assertEqual(self.run_tool(*words), WRONG_OPTION)
            self.assertIn(says, self.err)
        self.assertEqual(self.run_tool("--help"), KEYS)
        self.assertIn("--print-options", self.out)


class Written(Case):
    def setUp(self):
        super().setUp()
        os.umask(0o022)

    def config(self, *parts):
        return self.home.joinpath(".config", "wireshark", *parts)

    def read(self, path):
        return path.read_text().splitlines()

    def test_folder(self):
        folder = self.here / "a" / "b"
        self.assertEqual(self.run_tool("--output", folder, "--esp", DATA / "v1.r.log", DATA / "rekey.r.log"), KEYS)
        self.assertEqual({x.name: (self.mode(x), sorted(self.read(x))) for x in folder.iterdir()},
                         {V1: (0o600, saved("v1.i", V1)), V2: (0o600, sorted(saved("rekey.r", V2))),
                          ESP: (0o600, sorted(saved("rekey.r", ESP)))})
        self.assertEqual((self.mode(folder), self.mode(folder.parent)), (0o700, 0o700))
        self.assertIn(f"{folder / V1}: 1 added, 0 replaced, 0 there already", self.out)

    def test_profiles(self):
        for words, where in ((("--profile", "mine"), ("profiles", "mine")), (("--profile", "Default"), ())):
            self.assertEqual(self.run_tool(*words, DATA / "v1.r.log"), KEYS)
            self.assertEqual(self.read(self.config(*where, V1)), saved("v1.i", V1))
            self.assertEqual(self.mode(self.config(*where, V1)), 0o600)
            self.assertFalse(self.config(*where, V2).exists())

    def test_places(self):
        """Where Wireshark looks: its own variable, XDG's, and the old folder where there is no new one."""
        (self.home / ".wireshark").mkdir()
        for name, value, place in (("", "", self.home / ".wireshark"),
                                   ("XDG_CONFIG_HOME", self.base / "xdg", self.base / "xdg" / "wireshark"),
                                   ("WIRESHARK_CONFIG_DIR", self.base / "own", self.base / "own")):
            if name:
                self.environment[name] = str(value)
            if name == "XDG_CONFIG_HOME":
                place.mkdir(parents=True)
            self.assertEqual(self.run_tool("--profile", "p", DATA / "v1.r.log"), KEYS)
            self.assertEqual(self.read(place / "profiles" / "p" / V1), saved("v1.i", V1))

    def test_merging(self):
        key = saved("v1.i", V1)[0]
        path = self.config("profiles", "p", V1)
        path.parent.mkdir(parents=True)
        other, stale = KEY_1, key[:16].upper() + ",00ff00ff"
        path.write_text(f"# remark\n{stale}\n{other}\nnot understood\n")
        path.chmod(0o644)
        self.assertEqual(self.run_tool("--profile", "p", DATA / "v1.r.log"), KEYS)
        self.assertEqual(self.read(path), ["# remark", other, "not understood", key])
        self.assertIn("0 added, 1 replaced, 0 there already", self.out)
        self.assertEqual(self.mode(path), 0o600)
        self.run_tool("--profile", "p", DATA / "v1.r.log")
        self.assertEqual(self.read(path), ["# remark", other, "not understood", key])
        self.assertIn("0 added, 0 replaced, 1 there already", self.out)
        self.assertEqual(os.listdir(path.parent), [V1], "temporary files are left")

    def test_is_whole_at_any_time(self):
        """Who reads the old table while the new one is written gets the old one."""
        path = self.here / V1
        path.write_text(KEY_1 + "\n")
        with open(path) as reader:
            self.run_tool("--output", self.here, DATA / "v1.r.log")
            self.assertEqual(reader.read(), KEY_1 + "\n")
        self.assertEqual(self.read(path), [KEY_1, *saved("v1.i", V1)])

    def test_a_link_stays_a_link(self):
        real = self.here / "real"
        real.write_text("")
        path = self.config(V1)
        path.parent.mkdir(parents=True)
        path.symlink_to(real)
        self.run_tool("--profile", "Default", DATA / "v1.r.log")
        self.assertTrue(path.is_symlink())
        self.assertEqual((self.read(real), self.mode(real)), (saved("v1.i", V1), 0o600))

    def test_nothing_to_write(self):
        self.assertEqual(self.run_tool("--profile", "p", DATA / "libreswan-v1.log"), NO_KEYS)
        self.assertFalse(self.config().exists())

    def test_not_possible(self):
        self.file("file", "")
        self.assertEqual(self.run_tool("--output", "file", DATA / "v1.r.log"), UNWRITTEN)
        self.assertIn("cannot be written", self.err)
        self.assertEqual(self.run_tool("--output", "file/below", DATA / "v1.r.log"), UNWRITTEN)

    def test_what_was_there_outlives_a_full_disk(self):
        path = self.here / "out" / V1
        path.parent.mkdir()
        path.write_text(KEY_1 + "\n")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (20, 20))
        self.assertEqual(self.run_tool("--output", "out", DATA / "v1.r.log", preexec_fn=limit), UNWRITTEN)
        self.assertEqual(self.read(path), [KEY_1])
        self.assertEqual(os.listdir(path.parent), [V1])


class Decrypted(Case):
    def payloads(self, capture, config):
        """The payloads of each frame as Wireshark dissects them with these tables, and its complaints."""
        words = ["tshark", "-r", DATA / capture, "-T", "fields", "-e", "isakmp.typepayload",
                 "-e", "_ws.expert.message"]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True,
                              env={**self.environment, "WIRESHARK_CONFIG_DIR": str(config)})
        self.assertNotIn("decryption_table", done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()]

    def test_with_what_was_written(self):
        """Frames of these numbers hold an identity, a Delete, .., which are encrypted."""
        for log, capture, due in (("v1.i.log", "v1", {4: "5", 5: "5", 6: "8", 8: "8"}),
                                  ("v1.r.log", "v1", {4: "5", 5: "5", 6: "8", 8: "8"}),
                                  ("rekey.i.log", "rekey", {2: "35", 3: "36", 8: "33", 10: "42", 12: "42"}),
                                  ("rekey.r.log", "rekey", {2: "35", 3: "36", 8: "33", 10: "42", 12: "42"}),
                                  ("rekey.i.keys", "rekey", {2: "35", 3: "36", 8: "33", 10: "42"}),
                                  ("libreswan.log", "libreswan", {2: "35", 3: "36"}),
                                  ("libreswan-gcm.log", "libreswan-gcm", {2: "35", 3: "36"}),
                                  ("libreswan-sha512.log", "libreswan-sha512", {2: "35", 3: "36"})):
            with self.subTest(log=log):
                self.assertEqual(self.run_tool("--output", self.base / log, DATA / log), KEYS)
                frames = self.payloads(f"{capture}.pcapng", self.base / log)
                for frame, payload in due.items():
                    self.assertIn(payload, frames[frame][0].split(","))
                complaints = " ".join(x for frame in frames for x in frame[1:])
                self.assertNotRegex(complaints, "incorrect|Malformed|too big")

    def test_with_options(self):
        self.run_tool("--print-options", DATA / "rekey.i.log")
        words = ["tshark", "-r", DATA / "rekey.pcapng", "-Y", "isakmp.enc.decrypted", *shlex.split(self.out)]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env=self.environment, check=True)
        self.assertEqual(len(done.stdout.splitlines()), 12)

    def test_esp(self):
        """Datagrams in the tunnel, with the options as they are printed."""
        due = {(): 0, ("--esp",): 8}
        for words, count in due.items():
            self.run_tool("--print-options", *words, DATA / "esp.i.log")
            words = ["tshark", "-r", DATA / "esp.pcapng", "-Y", "udp.port == 7777", *shlex.split(self.out)]
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                  env=self.environment, check=True)
            self.assertEqual(len(done.stdout.splitlines()), count)

    def report(self, capture, *files):
        keys = [word for file in files for word in ("--keys", DATA / file)]
        code = self.run_tool("--report", "sa", *keys, DATA / capture, tool="ikex-report")
        return code, "initiator.example.net" in self.out

    def test_in_a_report(self):
        for capture, log in (("v1.pcapng", "v1.r.log"), ("rekey.pcapng", "rekey.i.log"),
                             ("rekey.pcapng", "rekey.i.keys"), ("libreswan.pcapng", "libreswan.log")):
            with self.subTest(log=log):
                self.assertEqual(self.report(capture), (0, False), self.err)
                self.assertEqual(self.report(capture, log), (0, True), self.err)

    def test_in_a_report_without_keys(self):
        self.assertEqual(self.report("v1.pcapng", "libreswan-v1.log"), (5, False))
        self.assertIn("keys ", self.err)
        self.assertIn("Libreswan prints no keys of IKEv1", self.err)

    def test_in_a_report_with_what_is_whole(self):
        """Damage to one negotiation in a log does not take the keys of another away."""
        log = self.file("log", text(*list(derivation())[:-1]) + (DATA / "rekey.i.log").read_text())
        self.assertEqual(self.report("rekey.pcapng", log), (0, True))
        self.assertIn(f"{log}:{len(list(derivation())) - 1}: the dump of", self.err)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    unittest.main()
