"""Writes Tests/CompressionTests/ArchiveFixtures.swift. Run from the repository's root with Python 3.11."""

import io
import pathlib
import stat
import struct
import tarfile
import zipfile

FILES = [("MLmodel", b"flavors\n"), ("data/long.txt", b"a" * 1000), ("data/naïve.txt", b"\x01")]
TIME = (1980, 1, 1, 0, 0, 0)
LONG = "d/" * 60 + "long.txt"


class Pipe(io.RawIOBase):
    """A file that cannot go back, so that sizes are written behind the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def packed(files, target=None, comment=b"", method=zipfile.ZIP_DEFLATED, mode=0o644 | stat.S_IFREG, zip64=False):
    buffer = target or io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files:
            info = zipfile.ZipInfo(name, TIME)
            info.external_attr = mode << 16
            info.compress_type = method if len(content) > 100 or method != zipfile.ZIP_DEFLATED else zipfile.ZIP_STORED
            with archive.open(info, "w", force_zip64=zip64) as stream:
                stream.write(content)
        archive.comment = comment
    return buffer.data if isinstance(buffer, Pipe) else buffer.getvalue()


def with_long_fields(data):
    """The same with 64-bit fields in the directory, as large archives have them."""
    end = data.rindex(b"PK\5\6")
    count, size, offset = struct.unpack_from("<HII", data, end + 10)
    directory, at = b"", offset
    for _ in range(count):
        name, extra, comment = struct.unpack_from("<HHH", data, at + 28)
        packed_bytes, plain_bytes = struct.unpack_from("<II", data, at + 20)
        header = struct.unpack_from("<I", data, at + 42)[0]
        field = struct.pack("<HHQQQ", 1, 24, plain_bytes, packed_bytes, header)
        entry = bytearray(data[at:at + 46 + name])
        entry[20:28] = b"\xff" * 8
        entry[42:46] = b"\xff" * 4
        entry[30:32] = struct.pack("<H", len(field))
        entry[32:34] = b"\0\0"
        directory += bytes(entry) + field
        at += 46 + name + extra + comment
    long_end = struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), offset)
    locator = struct.pack("<IIQI", 0x07064B50, 0, offset + len(directory), 1)
    old_end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:offset] + directory + long_end + locator + old_end


def encrypted(data):
    data = bytearray(data)
    data[6] |= 1
    data[data.rindex(b"PK\1\2") + 8] |= 1
    return bytes(data)


def overlapping():
    """Two directory entries for the data of one: the second header lies within the first entry's data."""
    inner = packed([("b.txt", b"b" * 40)], method=zipfile.ZIP_STORED)
    inner_header = inner[:inner.index(b"PK\1\2")]
    outer = packed([("a.txt", inner_header)], method=zipfile.ZIP_STORED)
    directory_at = outer.index(b"PK\1\2", 30 + 5 + len(inner_header))
    second = bytearray(inner[inner.index(b"PK\1\2"):inner.index(b"PK\5\6")])
    second[42:46] = struct.pack("<I", 35)
    end = outer.rindex(b"PK\5\6")
    directory = outer[directory_at:end] + bytes(second)
    return outer[:directory_at] + directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, 2, 2, len(directory), directory_at, 0)


def tarred(form, files, kind=tarfile.REGTYPE, link=""):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, content in files:
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = link
            info.size = len(content) if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(content))
    data = buffer.getvalue()
    return data[:len(data.rstrip(b"\0")) + 1024 + 511 & ~511]


files = [("./MLmodel", b"flavors\n"), (LONG, b"a" * 600)]
short = [("./MLmodel", b"flavors\n")]
cases = {
    "zip": packed(FILES),
    "zipStreamed": packed(FILES, Pipe()),
    "zipWithLongFields": with_long_fields(packed(FILES, zip64=True)),
    "zipWithComment": packed(FILES, comment=b"said PK\5\6 by hand"),
    "zipEmpty": packed([]),
    "zipOfTwo": packed([("a.txt", b"a"), ("b.txt", b"c")]),
    "zipLink": packed([("link", b"/etc/passwd")], mode=0o777 | stat.S_IFLNK),
    "zipEncrypted": encrypted(packed([("secret", b"x")])),
    "zipBZip2": packed([("a.txt", b"a" * 200)], method=zipfile.ZIP_BZIP2),
    "zipOverlapping": overlapping(),
    "zipBomb": packed([("zeros", b"\0" * (1 << 20))]),
    "tarUstar": tarred(tarfile.USTAR_FORMAT, files),
    "tarGNU": tarred(tarfile.GNU_FORMAT, files),
    "tarPax": tarred(tarfile.PAX_FORMAT, files),
    "tarLink": tarred(tarfile.USTAR_FORMAT, short, tarfile.SYMTYPE, "/etc/passwd"),
    "tarHardLink": tarred(tarfile.USTAR_FORMAT, short, tarfile.LNKTYPE, "MLmodel"),
    "tarDevice": tarred(tarfile.USTAR_FORMAT, short, tarfile.CHRTYPE),
    "tarSlip": tarred(tarfile.USTAR_FORMAT, [("../evil", b"x")]),
    "tarAbsolute": tarred(tarfile.USTAR_FORMAT, [("/etc/evil", b"x")]),
    "tarTwice": tarred(tarfile.USTAR_FORMAT, [("a", b"x"), ("A", b"y")]),
}
lines = ["// Generated by Tests/Fixtures/make_archives.py: do not edit.", "", "// swift-format-ignore-file", "",
         "enum ArchiveFixtures {"]
for name, data in cases.items():
    # Kept as text, runs of zeros as their length: array literals are slow to compile.
    parts, digits, at = [], data.hex(), 0
    while at < len(data):
        end = at
        while end < len(data) and data[end] == 0:
            end += 1
        if end - at >= 16:
            parts.append(f"z{end - at}.")
            at = end
        else:
            parts.append(data[at:at + 1].hex())
            at += 1
    text = "".join(parts)
    lines.append(f'    static let {name} = bytes(\n        """')
    lines += [f"        {text[i:i + 100]}" for i in range(0, len(text), 100)]
    lines.append('        """)')
lines += ['''
    /// Hexadecimal digits, and runs of zeros as `zCOUNT.`
    private static func bytes(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var digits = text.utf8.filter { $0 != 0x0A }[...]
        while let first = digits.popFirst() {
            if first == 0x7A {
                var count = 0
                while let digit = digits.popFirst(), digit != 0x2E { count = count * 10 + Int(digit - 0x30) }
                result += [UInt8](repeating: 0, count: count)
            } else if let second = digits.popFirst() {
                result.append(value(first) << 4 | value(second))
            }
        }
        return result
    }

    private static func value(_ digit: UInt8) -> UInt8 { digit > 0x39 ? digit - 0x57 : digit - 0x30 }
}
''']
pathlib.Path("Tests/CompressionTests/ArchiveFixtures.swift").write_text("\n".join(lines))
