"""WordPiece against the tokenizers library: the same ids for vocab.txt and for the tokenizer.json that it writes."""
import functools
import json
import unicodedata

import tokenizers
from tokenizers import normalizers, pre_tokenizers

from compare import ids_of
from texts import text_of

PEER = "tokenizers"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
N_TEXTS = 50  # of one tokenizer


def vocabulary(texts, rng):
    """The pieces of the texts as they are, in lower case and without accents, so that most words are known."""
    pieces = {}
    for text in texts:
        for form in (text, text.lower(), normalizers.BertNormalizer().normalize_str(text)):
            for word in form.split():
                if rng.random() < 0.5:
                    cut = rng.randrange(len(word) + 1)
                    pieces.update(dict.fromkeys([word[:cut], "##" + word[cut:]]))
                pieces.update(dict.fromkeys(word))
                pieces.update(dict.fromkeys("##" + c for c in word if rng.random() < 0.8))
    lines = [p for p in pieces if p and p != "##" and not any(c in "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029" or c.isspace() for c in p) and p not in SPECIAL]
    rng.shuffle(lines)
    return SPECIAL + lines


def tokenizer_of(reader, folder, texts, rng):
    """Writes the files of a tokenizer; returns it with the path that ingot reads. Ingot's own tokenizer.json may make it."""
    pieces = vocabulary(texts, rng)
    options = {"lowercase": rng.random() < 0.6, "strip_accents": rng.choice([None, None, True, False]),
               "handle_chinese_chars": rng.random() < 0.8}
    (folder / "vocab.txt").write_text("".join(p + "\n" for p in pieces), newline="")
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"do_lower_case": options["lowercase"], "strip_accents": options["strip_accents"],
         "tokenize_chinese_chars": options["handle_chinese_chars"]}))
    tokenizer = tokenizers.BertWordPieceTokenizer({p: i for i, p in enumerate(pieces)}, **options)
    kind = rng.random()
    if kind < 0.3:
        return tokenizer, folder
    if kind < 0.6:
        return tokenizers.Tokenizer.from_str(reader.ask("write_tokenizer_json", folder)["json"]), folder
    if rng.random() < 0.5:
        tokenizer.add_tokens([tokenizers.AddedToken(t, normalized=rng.random() < 0.5) for t in rng.sample(["<new>", "\u00c9t\u00e9", "Two Words", "$"], 2)])
    tokenizer.save(str(folder / "tokenizer.json"))
    return tokenizer, folder / "tokenizer.json"


STRIPPED = normalizers.BertNormalizer(lowercase=False, strip_accents=True)
KEPT = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
LOWERED = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
DECOMPOSED = normalizers.NFD()
CUT = pre_tokenizers.BertPreTokenizer()


@functools.cache
def is_newer(c):
    """Whether the library's tables of characters are older than the class that Python's have for this one."""
    category = unicodedata.category(c)
    if category == "Mn":
        return STRIPPED.normalize_str("a" + c) != "a"
    if category == "Cf":
        return KEPT.normalize_str("a" + c) != "a"
    if category.startswith("P") != (len(CUT.pre_tokenize_str("a" + c)) == 2):
        return True
    decomposed = unicodedata.normalize("NFD", c)
    if decomposed != DECOMPOSED.normalize_str(c):
        return True
    return any(is_newer(d) for d in decomposed) if decomposed != c else c.lower() != LOWERED.normalize_str(c)


def is_left_out(c):
    """Ideographs of extension E that the library, by the number 2B920 in place of 2B820, does not count among them."""
    return 0x2b820 <= ord(c) < 0x2b920


class Batch:
    """Texts for one tokenizer, with the ids that both sides give them."""

    def __init__(self, reader, home, texts, rng):
        home.mkdir()
        self.reader, self.file, self.texts = reader, home / "texts.json", texts
        self.tokenizer, self.path = tokenizer_of(reader, home, texts, rng)
        self.ours = self.ids(texts)
        self.theirs = [encoding.ids for encoding in self.tokenizer.encode_batch(texts, add_special_tokens=False)]

    def ids(self, texts):
        self.file.write_text(json.dumps({"tokenizer": str(self.path), "texts": texts}))
        return ids_of(self.reader.ask("texts", self.file), len(texts))

    def difference(self, text):
        """None unless the sides agree on the text without the characters that the library takes for something else."""
        known = "".join(c for c in text if not is_newer(c) and not is_left_out(c))
        if known == text or self.ids([known])[0] != self.tokenizer.encode(known, add_special_tokens=False).ids:
            return None
        return "ideographs" if any(map(is_left_out, text)) else "newer characters"

    def add_to(self, comparison):
        for text, ours, theirs in zip(self.texts, self.ours, self.theirs):
            kept = self.file.with_name("text.txt")
            if ours != theirs:
                kept.write_text(json.dumps([text, self.tokenizer.encode(text, add_special_tokens=False).tokens]))
            comparison.add(kept, ours, theirs, lambda o, t: o == t, lambda o, t: self.difference(text))


def compare(comparison, reader, folder, rng, n):
    for i in range(0, n, N_TEXTS):
        Batch(reader, folder / str(i), [text_of(rng) for _ in range(min(N_TEXTS, n - i))], rng).add_to(comparison)
