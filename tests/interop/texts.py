"""Texts as nobody writes them, for tokenizers."""
import unicodedata

WORDS = ["the", "a", "movie", "was", "GREAT", "un", "aff", "able", "don't", "I'm", "U.S.A.", "e-mail", "3.14", "1,000", "$5", "C++", "x" * 99,
         "y" * 100, "z" * 101, "w" * 250, "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[mask]", "##ing", "##", "na\u00efve", "Stra\u00dfe", "\u0130stanbul",
         "\u1e9e", "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2", "\u041c\u043e\u0441\u043a\u0432\u0430", "\u4e2d\u6587\u5b57", "\u65e5\u672c\u8a9e\u30c6\u30ad\u30b9\u30c8", "\ud55c\uad6d\uc5b4", "\u0e20\u0e32\u0e29\u0e32",
         "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0627\u0644\u0639\u0631\u0628\u064a\u0629", "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f600", "\u2764\ufe0f", "\ufb01n", "\u2160\u2161",
         "\u00bd", "\uff21\uff22", "\U0001d538", "\u01c4", "\u212b", "\u1fc3\u0345", "\uac00\u11a8", "<s>", "</s>", "\u2581", "a\u2581b", "<br />", "http://a.b/c?d=e&f"]
SPACES = [" ", " ", " ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u3000", "\u2003", "\u2028", "\u0085", "\u200b", "\u200e", "\ufeff", "\x0b", "\x0c", "\x1c", "\u180e", "\u202f", "\u1680", ""]
MARKS = ["\u0301", "\u0308", "\u0327", "\u0323", "\u0345", "\u0591", "\u064b", "\u20dd", "\u3099", "\u0e31", "\u094d", "\u1ab0", "\U0001d165", "\u0338"]


def character(rng):
    """Any character, the rarer scripts more often than by their number."""
    while True:
        limit = rng.choice([0x80, 0x300, 0x3000, 0x10000, 0x20000, 0x110000])
        code = rng.randrange(limit)
        if not 0xd800 <= code < 0xe000:
            return chr(code)


def text_of(rng):
    parts = []
    for _ in range(rng.choice([0, 1, 2, 4, 8, 16])):
        kind = rng.random()
        if kind < 0.6:
            word = rng.choice(WORDS)
        elif kind < 0.75:
            word = "".join(character(rng) for _ in range(rng.choice([1, 1, 2, 5])))
        elif kind < 0.85:
            word = "".join(rng.choice("abcdefgABC") + rng.choice(["", *MARKS]) + rng.choice(["", "", *MARKS]) for _ in range(rng.choice([1, 2, 4])))
        elif kind < 0.92:
            word = "".join(rng.choice("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u2026\u2014\u00ab\u00bb\u3002\u060c\u00a1") for _ in range(rng.choice([1, 2, 4])))
        else:
            word = unicodedata.normalize(rng.choice(["NFD", "NFC", "NFKC"]), rng.choice(WORDS))
        parts.append(rng.choice([word, word, word.upper(), word.title()]) + rng.choice(SPACES))
    return "".join(parts)
