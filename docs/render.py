#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turn docs/book and the contract comments of the sources into reST.

    render.py SOURCE_ROOT OUTPUT_DIR

A chapter is a reST file of docs/book.  Three comments in it are expanded:

    .. include-doc:: src/fence/dma-fence.c "Fences"
    .. include-api:: include/dmabuf/dma-fence.h
    .. include-examples:: examples/*.c

The first is replaced by the text of that DOC: section, the second by an entry
for each contract comment of that file, the third by the text of the programs,
which the build compiles.  The result is checked: every symbol of
src/symbols.txt has exactly one entry in the book, every entry has its tags, every
DOC: section and every public header is used, every section asked for exists, and
no chapter has C of its own that nobody compiles.
"""

import glob
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import contract     # noqa: E402

INCLUDE = re.compile(r'^\.\. include-(doc|api|examples):: (\S+)(?: "([^"]*)")?\s*$')

# `name()`, &struct name, @parameter, %CONSTANT, *word* and ``literal`` are the
# marks a comment may use; every other character means itself.
MARK = re.compile(r"""
    (?P<literal>``[^`]+``)
  | (?<![\w*])(?P<emphasis>\*\w(?:[^*\n]*\w)?\*)(?![\w*])
  | (?P<func>\b[A-Za-z_]\w*\(\))
  | &(?P<type>(?:struct|union|enum)\ \w+)
  | &(?P<plain>[A-Za-z_][\w.]*\w)
  | (?<![\w@])@(?P<param>[A-Za-z_]\w*(?:(?:->|\.)\w+)*)
  | (?<![\w%])%(?P<const>-?[A-Z_][A-Z0-9_]*)
  | (?P<special>[\\*`|<>]|_(?!\w)|(?<!\w)_)
""", re.X)


def inline(text):
    """One logical line of comment text as reST."""
    def mark(match):
        kind, value = match.lastgroup, match.group()
        if kind in ("literal", "emphasis"):
            out = value
        elif kind == "func":
            out = ":c:func:`%s`" % value[:-2]
        elif kind == "type":
            word, name = match.group("type").split(" ")
            out = ":c:%s:`%s %s <%s>`" % (word, word, name, name)
        elif kind in ("param", "const", "plain"):
            out = "``%s``" % match.group(kind)
        else:
            return "\\" + value
        # Inline markup needs a border; a null escape is one.
        before = match.string[match.start() - 1] if match.start() else " "
        after = match.string[match.end()] if match.end() < len(match.string) else " "
        if not re.match(r"[\s('\"\[{<\-/:]", before):
            out = "\\ " + out
        if not re.match(r"[\s'\")\]}>\-/:.,;!?\\]", after):
            out += "\\ "
        return out
    return MARK.sub(mark, text)


def prose(lines, indent=""):
    """Comment lines as reST paragraphs, lists and literal blocks."""
    out, index = [], 0
    while index < len(lines):
        if not lines[index].strip():
            index += 1
            continue
        block = []
        while index < len(lines) and lines[index].strip():
            block.append(lines[index])
            index += 1
        items = []
        for row in block:
            match = re.match(r"\s*([-*]|\d+[.)])\s+(.*)", row)
            if match:
                bullet = "-" if match.group(1) in "-*" else "#."
                items.append([bullet, match.group(2)])
            elif items:
                items[-1][1] += " " + row.strip()
            else:
                items.append(["", row.strip()])
        # A paragraph that leads into a list has no bullet of its own.
        if items[0][0] == "" and len(items) == 1:
            rest = []
            text = items[0][1]
            literal = text.endswith("::")
            out += [indent + inline(text[:-2] + ":" if literal else text), ""]
            if literal:
                out += [indent + "::", ""]
                while index < len(lines) and (not lines[index].strip() or lines[index].startswith((" ", "\t"))):
                    rest.append(lines[index])
                    index += 1
                out += [(indent + "   " + row).rstrip() for row in rest] + [""]
            continue
        previous = None
        for bullet, text in items:
            if previous is not None and bullet != previous:
                out.append("")
            previous = bullet
            out.append(indent + (bullet + " " if bullet else "") + inline(text))
            if not bullet:
                out.append("")
        out.append("")
    return out


def tag_list(entry, indent):
    out = []
    if entry.params:
        out += [indent + ("Parameters" if entry.kind == "function" else "Members")]
        out += [indent + "   - ``%s``: %s" % (name, inline(text)) for name, text, _ in entry.params]
        out += [""]
    for tag, text, _ in entry.tags:
        out += [indent + tag, indent + "   " + inline(text), ""]
    return out


def entry_text(entry, noindex):
    """One API entry."""
    indent = "   "
    if entry.kind == "function":
        head = ".. c:function:: " + entry.declaration
    elif entry.kind == "var":
        head = ".. c:var:: " + entry.declaration
    elif entry.kind == "define":
        head = ".. c:macro:: " + (entry.declaration or entry.name)
    elif entry.kind == "typedef":
        head = ".. c:type:: " + re.sub(r"^typedef\s+", "", entry.declaration)
    else:
        head = ".. c:%s:: %s" % (entry.kind, entry.name)
    out = [head] + ([indent + ":noindex:"] if noindex else []) + [""]
    out += [indent + inline(entry.short[:1].upper() + entry.short[1:].rstrip(".")) + ".", ""]
    out += prose(entry.body, indent)
    if entry.kind in ("struct", "union", "enum", "define"):
        source = re.split(r"\n[ \t]*/\* private: \*/", entry.source)
        shown = source[0] + ("\n\t/* and private members */\n};" if len(source) > 1 else "")
        out += [indent + ".. code-block:: c", indent + "   :force:", ""]
        out += [(indent + "   " + row.expandtabs(8)).rstrip() for row in shown.split("\n")] + [""]
    return out + tag_list(entry, indent)


class Book:
    def __init__(self, root):
        self.root = root
        self.errors = []
        self.files = {}
        self.entries_used = []      # entries in the book
        self.docs_used = set()
        self.api_used = []
        self.names = {}             # name -> kind, C has one name space in Sphinx

    def error(self, text):
        self.errors.append(text)

    def load(self, name):
        if name not in self.files:
            path = os.path.join(self.root, name)
            if not os.path.exists(path):
                return None
            entries, docs, complaints = contract.read(path, name)
            self.files[name] = entries, docs
            self.errors += complaints
        return self.files[name]

    def examples(self, pattern, target):
        out = []
        for path in sorted(glob.glob(os.path.join(self.root, pattern))):
            out += [".. literalinclude:: " + os.path.relpath(path, os.path.dirname(target)),
                    "   :language: c", "   :force:", "   :lines: 2-",
                    "   :caption: " + os.path.relpath(path, self.root), ""]
        return out or ["None in this version.", ""]

    def expand(self, chapter, number, kind, name, title):
        loaded = self.load(name)
        where = "%s:%d" % (chapter, number)
        if loaded is None:
            self.error("%s: there is no %s: name an existing file" % (where, name))
            return []
        if kind == "api":
            self.api_used.append(name)
            out = []
            for entry in loaded[0]:
                self.entries_used.append(entry)
                self.errors += contract.check(entry)
                out += entry_text(entry, entry.name in self.names)
                self.names.setdefault(entry.name, entry.kind)
            return out or ["*" + "No call of this header is part of this version." + "*", ""]
        for doc in loaded[1]:
            if doc.title == title:
                if (name, title) in self.docs_used:
                    self.error("%s: DOC section \"%s\" is in the book twice: include it once" % (where, title))
                self.docs_used.add((name, title))
                return prose(doc.body)
        self.error("%s: %s has no DOC section \"%s\", it has: %s"
                   % (where, name, title, ", ".join('"%s"' % d.title for d in loaded[1]) or "none"))
        return []

    def chapter(self, source, target):
        with open(source, encoding="utf-8") as file:
            rows = file.read().split("\n")
        shown = os.path.relpath(source, self.root)
        out = []
        for number, row in enumerate(rows, 1):
            match = INCLUDE.match(row)
            if match and match.group(1) == "examples":
                out += self.examples(match.group(2), target)
            elif match:
                out += self.expand(shown, number, *match.groups())
            elif row.startswith(".. include-"):
                self.error("%s:%d: cannot read this: write .. include-doc:: FILE \"TITLE\", .. include-api:: FILE "
                           "or .. include-examples:: PATTERN" % (shown, number))
            elif re.match(r"\s*\.\. (code-block|code|sourcecode|highlight)::\s*c\b", row):
                self.error("%s:%d: C that nobody compiles: put it into a file of examples/ and use "
                           ".. literalinclude:: examples/FILE" % (shown, number))
            else:
                # literalinclude names files of examples/ from the root
                out.append(re.sub(r"^(\s*\.\. literalinclude:: )/?(examples/\S+)",
                                  lambda m: m.group(1) + os.path.relpath(
                                      os.path.join(self.root, m.group(2)), os.path.dirname(target)), row))
        with open(target, "w", encoding="utf-8") as file:
            file.write("\n".join(out))

    def check(self):
        for pattern in ("include/dmabuf/*.h", "src/**/*.[ch]"):
            for path in sorted(glob.glob(os.path.join(self.root, pattern), recursive=True)):
                name = os.path.relpath(path, self.root)
                entries, docs = self.load(name)
                if name.startswith("include/") and entries and name not in self.api_used:
                    self.error("%s:1: no chapter shows this header: add '.. include-api:: %s' to one" % (name, name))
                for doc in docs:
                    if (name, doc.title) not in self.docs_used:
                        self.error("%s:%d: DOC section \"%s\" is in no chapter: include it, or open it with /*"
                                   % (name, doc.line, doc.title))
        for name in sorted({n for n in self.api_used if self.api_used.count(n) > 1}):
            self.error("%s:1: two chapters show this header: keep one" % name)
        self.check_symbols()

    def check_symbols(self):
        path = os.path.join(self.root, "src/symbols.txt")
        if not os.path.exists(path):
            self.error("src/symbols.txt:1: not there: list the exported symbols, one per line")
            return
        count = {}
        for entry in self.entries_used:
            if entry.kind in ("function", "var"):
                count.setdefault(entry.name, []).append(entry)
        with open(path, encoding="utf-8") as file:
            for number, row in enumerate(file, 1):
                symbol = row.split("#")[0].strip()
                if not symbol:
                    continue
                if symbol not in count:
                    self.error("src/symbols.txt:%d: %s is exported and not in the book: give it a contract "
                               "comment in a header that a chapter shows" % (number, symbol))
                elif len(count[symbol]) > 1:
                    self.error("src/symbols.txt:%d: %s has %d entries in the book (%s): keep one" % (
                        number, symbol, len(count[symbol]),
                        ", ".join("%s:%d" % (e.path, e.line) for e in count[symbol])))


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: render.py SOURCE_ROOT OUTPUT_DIR")
    root, output = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    shutil.rmtree(output, ignore_errors=True)
    os.makedirs(output)
    book = Book(root)
    for source in sorted(glob.glob(os.path.join(root, "docs/book/*"))):
        target = os.path.join(output, os.path.basename(source))
        if source.endswith(".rst"):
            book.chapter(source, target)
        elif os.path.isfile(source):
            shutil.copy(source, target)
    book.check()
    for error in dict.fromkeys(book.errors):
        print("error: " + error, file=sys.stderr)
    functions = sum(e.kind == "function" for e in book.entries_used)
    print("book: %d chapters, %d entries (%d functions), %d DOC sections, %d errors" % (
        len(glob.glob(os.path.join(output, "*.rst"))), len(book.entries_used), functions,
        len(book.docs_used), len(set(book.errors))))
    return 1 if book.errors else 0


if __name__ == "__main__":
    sys.exit(main())
