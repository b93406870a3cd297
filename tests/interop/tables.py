"""Delimited files against Python's csv module, JSON lines and JSON against its json module."""
import csv
import io
import json
import re
from pathlib import Path

from compare import Refused

csv.field_size_limit(2**31 - 1)

WORDS = ["a", "bird", "0", "1", "", " ", "  x ", "\u00e9t\u00e9", "\u4e2d\u6587", "\U0001f600", "it's", "1,5", "a;b", "a|b", "a\tb", "say \"hi\"", "\"",
         "\"\"", "\"whole\"", "line\nend", "line\r\nend", "cr\rcr", "\ufeff", "nul\0", "\u2028", "\u0085", "#", "-DOCSTART-", "'",
         "\\", "\\n", "x" * 200, "pos", "neg", "NaN", "\x0b", "\x0c", "\x1f", "=1+1"]


def rows_of(rng):
    n_columns = rng.choice([1, 2, 2, 3, 4])
    header = ["text", "label", "note", "\u00e9 more"][:n_columns]
    plain = rng.random() < 0.4
    words = [w for w in WORDS if not plain or not re.search(r"[\r\n\0\"]", w)]
    rows = []
    for _ in range(rng.choice([1, 1, 2, 3, 5, 8]) if rng.random() < 0.98 else 0):
        rows.append([" ".join(rng.choice(words) for _ in range(rng.choice([0, 1, 1, 2, 3]))) for _ in header])
    return header, rows


class Delimited:
    """A file in the dialect that its writer meant, then perhaps changed."""

    def __init__(self, rng, suffix):
        header, rows = rows_of(rng)
        self.delimiter = "\t" if suffix == ".tsv" else rng.choice([",", ",", ",", ";", "\t", "|"])
        self.quoted = self.delimiter != "\t" or rng.random() < 0.5
        self.end = rng.choice(["\n", "\n", "\r\n", "\r\n", "\r"])
        if not self.quoted:
            rows = [[re.sub(r"[\t\r\n]", " ", field) for field in row] for row in rows]
        buffer = io.StringIO(newline="")
        if self.quoted:
            quoting = rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC])
            csv.writer(buffer, delimiter=self.delimiter, quoting=quoting, lineterminator=self.end).writerows([header, *rows])
        else:
            buffer.write("".join("\t".join(row) + self.end for row in [header, *rows]))
        text = whole = buffer.getvalue()
        for _ in range(rng.choice([0, 0, 0, 1, 2])):
            text = self.changed(text, rng)
        # What the header tells when there is one name, or when it was changed, nobody can know.
        first_line = lambda text: text.split(self.end)[0]
        self.is_told = len(header) == 1 or first_line(text) != first_line(whole) or rng.random() < 0.2
        self.bytes = text.encode("utf-8", "surrogatepass")
        if rng.random() < 0.1:
            self.bytes = b"\xef\xbb\xbf" + self.bytes
        if rng.random() < 0.02:
            place = rng.randrange(len(self.bytes) + 1)
            self.bytes = self.bytes[:place] + rng.choice([b"\xff", b"\xc3", b"\xed\xa0\x80"]) + self.bytes[place:]

    def changed(self, text, rng):
        """Text that is nearly right: a piece put in or taken out, a blank line, a field more or less."""
        place = rng.randrange(len(text) + 1)
        kind = rng.randrange(8)
        if kind < 3:
            piece = rng.choice(["\"", "\"\"", self.delimiter, "\n", "\r\n", "\r", " ", "\"x\"", "\0", self.end + self.end, "x,y"])
            return text[:place] + piece + text[place:]
        if kind < 5:
            return text[:place] + text[place + 1:]
        if kind == 5:
            return text.rstrip("\r\n")
        lines = text.split(self.end)
        at = rng.randrange(len(lines))
        if kind == 6:
            lines.insert(at + 1, rng.choice(["", "", " ", "\t", lines[at]]))
        else:
            lines[at] += self.delimiter + rng.choice(["", "x", "\"q\""])
        return self.end.join(lines)


BARE_CR = "\r(?!\n|\\Z)"


def read_csv(text, delimiter, quoting):
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True))
    except csv.Error as error:
        return Refused(error)


def read_with_rules(text, delimiter, quoting):
    """The same where CR ends no line beside other line ends, and where lines that end with CR end with LF."""
    stand_in = "\ue000"
    text = re.sub(BARE_CR, stand_in, text) if "\n" in text else text.replace("\r", "\n")
    rows = read_csv(text, delimiter, quoting)
    return rows if isinstance(rows, Refused) else [[field.replace(stand_in, "\r") for field in row] for row in rows]


def fields_of(answer):
    return [answer["names"], *(row["fields"] for row in answer["rows"])]


def same_rows(ours, theirs):
    return fields_of(ours) == theirs


def is_blank(row):
    """Of a line that has nothing but blanks on it, or of a field in quotes that looks the same."""
    return not row or (len(row) == 1 and row[0] != "" and not row[0].strip(" \t\r"))


def same_but_blank(ours, theirs):
    """Whether ours are theirs without some that are blank."""
    ours = fields_of(ours)
    for row in theirs:
        if ours and ours[0] == row:
            ours = ours[1:]
        elif not is_blank(row):
            return False
    return not ours


# What a refusal of ours says, and what must be true of the rows that the module reads then.
REFUSALS = [
    ("ragged", "fields as the header has", lambda rows: len({len(row) for row in rows}) > 1),
    ("no row", "must hold at least one text", lambda rows: len(rows) == 1),
    ("rows inside quotes", "is a quote missing", lambda rows: any(re.search("[\r\n]", f) for row in rows for f in row)),
    ("no column text", "no column", lambda rows: "text" not in rows[0]),
    ("no header", "names the columns", lambda rows: True),
    ("NUL", "zero byte", lambda rows: any("\0" in field for row in rows for field in row)),
    ("one column with quotes", "quotes that do not end in their line", lambda rows: len(rows[0]) == 1),
    ("quotes in a header", "line 1: a quote", lambda rows: any(field.startswith("\"") for field in rows[0])),
]


def difference_of_tables(file, ours, theirs):
    text = file.bytes.decode("utf-8-sig", "replace")
    own, other = (csv.QUOTE_MINIMAL, csv.QUOTE_NONE) if file.quoted else (csv.QUOTE_NONE, csv.QUOTE_MINIMAL)
    readings = [("blank lines", theirs), ("CR", read_with_rules(text, file.delimiter, own))]
    if file.delimiter == "\t":
        readings.append(("quotes under tabs", read_with_rules(text, file.delimiter, other)))
    for key, rows in readings:
        if isinstance(rows, Refused):
            if isinstance(ours, Refused) and not isinstance(theirs, Refused):
                return key
        elif isinstance(ours, Refused):
            rows = [row for row in rows if not is_blank(row)] or [[]]
            for reason, sentence, is_so in REFUSALS:
                if sentence in ours.why and is_so(rows):
                    return reason
        elif same_but_blank(ours, rows):
            return key
    return None


def written_by_ingot(reader, path, separator):
    """What the module reads in the table that ingot writes: by commas, or with tabs. None: ingot does not write it."""
    answer = reader.ask("write_table", path, separator)
    if isinstance(answer, Refused) and "would be read as" in answer.why:
        return None
    written = Path(answer["written"])
    text = written.read_bytes().decode()
    written.unlink()
    return read_csv(text, "\t" if path.suffix == ".tsv" else ",", csv.QUOTE_MINIMAL)


def compare_tables(comparison, reader, folder, rng, n, suffix):
    for i in range(n):
        file = Delimited(rng, suffix)
        path = folder / f"{i}{suffix}"
        path.write_bytes(file.bytes)
        separator = file.delimiter if file.is_told else ""
        ours = reader.ask("table", path, separator)
        try:
            text = file.bytes.decode("utf-8-sig")
            theirs = read_csv(text, file.delimiter, csv.QUOTE_MINIMAL if file.quoted else csv.QUOTE_NONE)
        except UnicodeDecodeError as error:
            theirs = Refused(error)
        comparison.add(path, ours, theirs, same_rows, lambda o, t: difference_of_tables(file, o, t))
        written = None if isinstance(ours, Refused) else written_by_ingot(reader, path, separator)
        if written is not None:
            comparison.add_written(path, ours, written, same_rows)
        path.unlink()
