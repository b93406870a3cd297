"""Every character of Unicode through WordPiece, against the tokenizers library."""
import unicodedata

from formats.wordpiece import Batch

PEER = "tokenizers"


def compare(comparison, reader, folder, rng, n):
    """By itself, at the end and in the middle of a word; n does not matter."""
    codes = [c for c in map(chr, range(0x110000)) if unicodedata.category(c) not in ("Cs", "Cn", "Co")]
    for i in range(0, len(codes), 4096):
        Batch(reader, folder / f"characters-{i}", [f"{c} a{c}b" for c in codes[i:i + 4096]], rng).add_to(comparison)
