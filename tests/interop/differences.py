"""Where ingot differs from the other programs on purpose, and why. A file that differs otherwise is a disagreement."""

LEVELS = "objects and arrays are nested at most 64 deep: memory has a limit that a file cannot raise"
JSON = {
    "a name twice": "an object that says a name twice is refused (RFC 8259 leaves open which counts); Python takes the last",
    "numbers beyond float64": "NaN, Infinity and numbers that no float64 holds are no JSON (journals of searches may have them)",
    "64 levels": LEVELS,
    "half a character": "an escape of half a surrogate pair is refused: no UTF-8 can hold it",
}
TEXTS = {
    "newer characters": "the library's tables of characters are older than those of Debian's libutf8proc: a mark that is not dropped, "
                        "punctuation that is none, a letter without its lower case. Without these characters the ids are the same",
    "ideographs": "U+2B820 to U+2B91F are ideographs, as in the original BERT; the library has 2B920 as the first",
}
DAMAGE = "a damaged file is refused that the module reads to its end, or passes over: wrong lengths, headers that disagree, bytes behind the end"
TABLES = {
    "blank lines": "lines with nothing but blanks are passed over, and said so; the module gives rows of no or one field",
    "CR": "CR alone ends a line only where no line of the file ends otherwise, and then also inside quotes; the module takes CR beside LF "
          "for a line end too",
    "ragged": "every row has as many fields as the header; the module gives rows of any length",
    "no row": "a table must hold at least one row",
    "no column text": "the column asked for must be in the header",
    "no header": "the first line must name the columns",
    "rows inside quotes": "a field in quotes that holds what would be a whole row is refused: a quote is missing, or quotes are none",
    "quotes under tabs": "files with tabs are written with and without quotes. Where every line is a row, quotes are taken off only if all are whole, "
                         "and kept otherwise (data/table.h); the module must be told",
    "one column with quotes": "of one column, tabs cannot tell whether a quote that does not end in its line is one: refused, with what to write",
    "quotes in a header": "the names of columns are read with quotes, also where those of rows are none",
}

DIFFERENCES = {
    "safetensors": {
        "a name twice": "a header that says a name twice is refused: the format forbids it; the package takes the last",
        "dtypes": "types of 8 bits and fewer and complex numbers are not known",
        "other keys": "a tensor has dtype, shape and data_offsets and nothing else; the package passes over other keys",
        "blanks before": "a header must begin with {, as the format says; the package passes over blanks before it",
        "metadata null": "__metadata__ is an object of strings, as the format says; the package takes null for none",
        "63 bits": "an extent is below 2^63, even where another is 0",
        "-0": "-0 is the integer 0; the package takes it for a real number",
    },
    "wordpiece": TEXTS,
    "characters": TEXTS,
    "sentencepiece": {
        "ties": "two cuts of a text have the same score, and Debian's libsentencepiece 0.1 takes another of them than later versions",
        "words": "Debian's library refuses a text that begins with a special token, if the model is of whole words; ingot says so",
    },
    "tokenizer_json": {
        "merges": "a BPE whose merges are not all that its pieces allow is refused: SentencePiece ranks pieces, not merges",
        "whitespace": "Strip, WhitespaceSplit, ^ and $ know whitespace of every kind, SentencePiece spaces: refused where the table does not make it spaces",
        "first": "a Metaspace with the scheme `first` puts no space in front of a text that begins with blanks; SentencePiece always puts one",
        "normalisers": "normalisers that SentencePiece has not are refused by name",
        "settings": "a model with byte fallback, other rules for spaces, pieces of the user or of whole words is not written: the library has no words for it",
        "U+0085": "whitespace to the library, and a character like others to SentencePiece",
        "U+2581": "a text's own U+2581 is a space to SentencePiece; the library puts none before a text that begins with it",
        "clusters": "the library replaces a character and the marks behind it as one, by what the table has for the character, and loses the marks; "
                    "SentencePiece, whose table it is, replaces characters. Without such marks the ids are the same",
        "special tokens in a text": "a special token written in a text is plain text to SentencePiece; without them the ids are the same",
        "ties": "two cuts of a word have the same score, and float32 and float64 choose another",
    },
    "csv": TABLES,
    "tsv": TABLES,
    "json": JSON,
    "jsonl": {
        **JSON,
        "no text": "every row has the key text, with a string",
        "no row": "a table must hold at least one row",
    },
    "journal": {},
    "torch": {
        "number": "a state dict holds tensors alone",
        "list": "a state dict holds tensors alone",
        "complex": "complex numbers are not read",
        "sparse": "sparse tensors are not read",
        "expanded": "a view that repeats elements of its storage is refused: it could be of any size",
        "before 1.6": "files of PyTorch before 1.6 are no archives; the message says how to write them anew",
    },
    "zip": {
        "compressed": "members are stored as they are, as torch.save writes them",
        "a name twice": "two members of one name are refused",
        "comment": "an archive ends with its directory, without a comment",
        "damage": DAMAGE,
    },
    "gzip": {
        "streams joined": "one gzip stream is read, not several joined: the checksum of each could not be compared",
        "damage": DAMAGE,
    },
    "tar": {
        "links": "links and devices are refused where a file is expected",
        "damage": DAMAGE,
    },
}
