"""Archives and compressed files, right and nearly right, against zipfile, gzip and tarfile of Python."""
import bz2
import gzip
import io
import lzma
import struct
import tarfile
import warnings
import zipfile
import zlib

from compare import Refused

warnings.filterwarnings("ignore", "Duplicate name")
NAMES = ["a", "b.txt", "folder/c", "archive/data.pkl", "archive/data/0", "\u00e9", "\u4e2d/\u6587", "x" * 90, "y" * 120 + "/" + "z" * 100, "a b", "./d", "e" * 300]


def content(rng):
    n = rng.choice([0, 1, 5, 100, 511, 512, 513, 3000, 70000])
    return rng.randbytes(n) if rng.random() < 0.5 else (rng.choice([b"ab\n", b"\0", b"line\r\n"]) * n)[:n]


def damaged(data, rng):
    """Bytes changed, put in, taken out or cut off; not often, and not all of it matters."""
    if not data or rng.random() < 0.6:
        return data
    kind, place = rng.randrange(6), rng.randrange(len(data))
    if kind == 0:
        place = max(0, len(data) - rng.randrange(1, 40))
    if kind < 2:
        return data[:place] + bytes([data[place] ^ 1 << rng.randrange(8)]) + data[place + 1:]
    if kind == 2:
        return data[:place]
    if kind == 3:
        return data[:len(data) - rng.randrange(1, 10)]
    if kind == 4:
        return data + rng.choice([b"\0", b"\0" * 8, b"x", b"\n", data[:20], b"\0" * 512, b"\x1f\x8b"])
    return data[:place] + data[place + 1:]


# zip -----------------------------------------------------------------------------------------------------------------


def zip_of(rng):
    buffer = io.BytesIO()
    if rng.random() < 0.05:
        buffer.write(b"before")
    with zipfile.ZipFile(buffer, "a" if buffer.tell() else "w") as archive:
        for name in rng.sample(NAMES, rng.choice([0, 1, 2, 4])):
            info = zipfile.ZipInfo(name + ("/" if rng.random() < 0.05 else ""), (2020, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if rng.random() < 0.93 else zipfile.ZIP_DEFLATED
            if rng.random() < 0.2:
                info.extra = struct.pack("<HH", 0x4246, 6) + b"ZZZZZZ"
            if rng.random() < 0.1:
                info.comment = b"of a member"
            if rng.random() < 0.3:
                with archive.open(info, "w", force_zip64=True) as member:
                    member.write(content(rng))
            else:
                archive.writestr(info, content(rng))
            if rng.random() < 0.03:
                archive.writestr(info.filename, b"twice")
        if rng.random() < 0.1:
            archive.comment = b"of the archive"
    return buffer.getvalue()


def read_zip(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return {"members": [(info, archive.read(info)) for info in archive.infolist()], "comment": archive.comment}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error, EOFError, ValueError, struct.error, UnicodeDecodeError, MemoryError) as error:
        return Refused(error)


def name_bytes(info):
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace").hex()


def same_zip(ours, theirs):
    members = {name_bytes(info): data.hex() for info, data in theirs["members"]}
    return ours["members"] == members and len(members) == len(theirs["members"])


ZIP_REFUSALS = [
    ("compressed", "must be stored", lambda infos: any(info.compress_type for info in infos)),
    ("a name twice", "twice", lambda infos: len({info.filename for info in infos}) < len(infos)),
]


def difference_of_zip(packed, ours, theirs):
    if not isinstance(ours, Refused) or isinstance(theirs, Refused):
        return None
    infos = [info for info, _ in theirs["members"]]
    for key, sentence, is_so in ZIP_REFUSALS:
        if sentence in ours.why and is_so(infos):
            return key
    return "comment" if "ends with its directory, which is not there" in ours.why and theirs["comment"] else None


# gzip ----------------------------------------------------------------------------------------------------------------


def gzip_of(rng):
    data = content(rng)
    buffer = io.BytesIO()
    with gzip.GzipFile(filename=rng.choice(["", "name.txt", "\u00e9"]), mode="wb", fileobj=buffer, compresslevel=rng.choice([0, 1, 6, 9]), mtime=rng.choice([0, 1e9])) as file:
        file.write(data)
    packed = buffer.getvalue()
    if rng.random() < 0.1:  # comment, extra field, checksum of the header
        flags = rng.choice([4, 16, 4 | 16, 2, 4 | 8 | 16 | 2])
        header = b"\x1f\x8b\x08" + bytes([flags]) + packed[4:10]
        header += (b"\x04\x00abcd" if flags & 4 else b"") + (b"n\0" if flags & 8 else b"") + (b"c\0" if flags & 16 else b"")
        header += struct.pack("<H", zlib.crc32(header) & 0xffff) if flags & 2 else b""
        deflate = zlib.compressobj(wbits=-15)
        packed = header + deflate.compress(data) + deflate.flush() + packed[-8:]
    if rng.random() < 0.06:
        packed += gzip.compress(content(rng))
    return packed


def read_gzip(path):
    try:
        return {"bytes": gzip.decompress(path.read_bytes())}
    except (OSError, EOFError, zlib.error, struct.error) as error:
        return Refused(error)


def difference_of_gzip(packed, ours, theirs):
    """Of files that are right."""
    if not isinstance(ours, Refused) or isinstance(theirs, Refused):
        return None
    stream = zlib.decompressobj(wbits=31)
    stream.decompress(packed)
    return "streams joined" if "not several joined" in ours.why and stream.unused_data else None


# tar -----------------------------------------------------------------------------------------------------------------


def tar_of(rng):
    buffer = io.BytesIO()
    form = rng.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.PAX_FORMAT])
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name in rng.sample(NAMES, rng.choice([1, 1, 2, 4])):
            info = tarfile.TarInfo(name)
            info.mtime, info.mode, info.uname = rng.choice([0, 1.5 if form == tarfile.PAX_FORMAT else 1, 1e9]), 0o644, rng.choice(["", "u", "\u00e9"])
            info.pax_headers = {"comment": "\u4e2d"} if rng.random() < 0.1 else {}
            kind = rng.random()
            try:
                if kind < 0.05:
                    info.type = tarfile.DIRTYPE
                    archive.addfile(info)
                elif kind < 0.08:
                    info.type, info.linkname = rng.choice([tarfile.SYMTYPE, tarfile.LNKTYPE]), "a"
                    archive.addfile(info)
                else:
                    data = content(rng)
                    info.size = len(data)
                    archive.addfile(info, io.BytesIO(data))
            except ValueError:  # a name that is too long for this format
                continue
    return rng.choice([lambda d: d, gzip.compress, bz2.compress, lzma.compress])(buffer.getvalue())


def read_tar(path):
    try:
        with tarfile.open(path, errorlevel=2) as archive:
            members = archive.getmembers()
            return {"members": [(m, archive.extractfile(m).read() if m.isreg() else None) for m in members if not m.isdir()], "end": archive.offset}
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError, KeyError) as error:
        return Refused(error)


def same_tar(ours, theirs):
    return ours["members"] == [[m.name.encode("utf-8", "surrogateescape").hex(), (data or b"").hex()] for m, data in theirs["members"]]


def difference_of_tar(packed, ours, theirs):
    if not isinstance(ours, Refused) or isinstance(theirs, Refused):
        return None
    if "got a link or device" in ours.why and any(data is None for _, data in theirs["members"]):
        return "links"
    return None


def compare_files(comparison, reader, folder, rng, n, kind, suffix):
    make, read, same, difference = KINDS[kind]
    for i in range(n):
        path = folder / f"{i}{suffix}"
        right = make(rng)
        packed = damaged(right, rng)
        path.write_bytes(packed)

        def why(ours, theirs):
            is_stricter = isinstance(ours, Refused) and not isinstance(theirs, Refused)
            return difference(packed, ours, theirs) if packed == right else "damage" if is_stricter else None

        comparison.add(path, reader.ask(kind, path), read(path), same, why)
        path.unlink()


KINDS = {
    "zip": (zip_of, read_zip, same_zip, difference_of_zip),
    "gzip": (gzip_of, read_gzip, lambda o, t: o["bytes"] == t["bytes"].hex(), difference_of_gzip),
    "tar": (tar_of, read_tar, same_tar, difference_of_tar),
}
