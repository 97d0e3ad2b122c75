"""Words in the file of an article: found as they stand there, and replaced without a change of anything else."""

import hashlib
import re
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from importlib import import_module
from pathlib import Path, PurePosixPath

from bot.corpus.article import Article
from bot.corpus.decisions.files import WRITTEN
from bot.corpus.decisions.table import WRITING, Cells, write_file
from bot.corpus.decoding import decode
from bot.corpus.refused import Unreadable
from bot.errors import CorpusError

_READERS = {".md": "markdown", ".markdown": "markdown", ".mdx": "markdown", ".txt": "plaintext"}
_ADVICE = {
    ".docx": "change them in Word or LibreOffice", ".pdf": "change the document that it was made from, export it again",
    ".xml": "change them in WordPress, export again", ".xlsx": "change their row in Excel or LibreOffice",
    ".csv": "change their row in a spreadsheet program", ".tsv": "change their row in a spreadsheet program",
    ".jsonl": "change their line in a text editor", WRITTEN: "change the FAQ under Write FAQs",
}  # fmt: skip
_ON_WEBSITE = "change them on the website that it came from, pull or save the page again"
_LINE_END = re.compile(r"\r\n|\r|\n")
_FRONT_MATTER = re.compile(r"\ufeff?(---|\+\+\+)[ \t]*(?:\r\n?|\n).*?[\r\n]\1[ \t]*(?=[\r\n]|\Z)", re.DOTALL)
_FIELD = re.compile(r"(?<=[\r\n])(\w[\w -]*?)[ \t]*[:=][ \t]*([^\r\n]*?)[ \t]*(?=[\r\n])")
_DAY = re.compile(r"([\"']?)[^\"'#]*\1(?=$|[ \t]*#)")
_MARKUP = re.compile(
    r"<!--.*?-->|</?\w[^<>]*>|\]\((?:[^()\n]|\([^()\n]*\))*\)|\]\[[^\]\n]*\]|&#?\w+;|\{[%{].*?[%}]\}"
    r"|(?:^|(?<=[\r\n]))[ \t>]*(?:\d+[.)](?=\s)|(?:```|~~~)[^\r\n]*)",
    re.DOTALL,
)
"""What a file holds and an article's text does not; numbers of lists, which are counted anew, too."""
_CONTEXTS = 0, 60, 600  # numbers of letters above a passage that tell it from others with the same words


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The lines of an article's file that hold a passage: `text[start:end]`."""

    file: str
    """Path relative to the corpus."""
    text: str
    """The text of the file, with its byte order mark and line ends."""
    start: int
    end: int

    @property
    def words(self) -> str:
        """The lines, with "\\n" as the only line end."""
        return _LINE_END.sub("\n", self.text[self.start : self.end])

    @property
    def line(self) -> int:
        """Number of the first line, counted from 1."""
        return 1 + len(_LINE_END.findall(self.text[: self.start]))


def open_excerpt(corpus: Path, article: Article, start: int, end: int) -> Excerpt:
    """Return the lines that hold `article.text[start:end]`.

    Raises `CorpusError` if the file is of another format than Markdown and text, or the words are not found once.
    """
    text = _read(corpus, article.source)
    found = _find(text, article.text, start, end)
    if found is None:
        advice = "publish first if the file is newer than the index, else correct them there with a text editor"
        raise CorpusError(f"{article.source} does not hold these words once and in one piece: {advice}.")
    line_end = _LINE_END.search(text, found[1])
    stop = line_end.start() if line_end else len(text)
    top = _line_start(text, found[0])
    while top and text.count(text[top:stop]) > 1:
        top = _line_start(text, top - 1)
    return Excerpt(article.source, text, top, stop)


def correction(corpus: Path, excerpt: Excerpt, words: str) -> Cells:
    """Return what `replace_words` needs to replace an excerpt's words.

    Raises `CorpusError` if nothing was changed or left, or the file was changed since the excerpt was opened.
    """
    text, top = excerpt.text, excerpt.start
    if _read(corpus, excerpt.file) != text:
        raise changed_since(excerpt.file)
    old = text[top : excerpt.end]
    new = _with_line_ends(text, old, _LINE_END.sub("\n", words).strip("\n"))
    if new == old or not new.strip():
        raise CorpusError("Nothing was changed yet." if new == old else "No words are left: write what is true now.")
    after = text[:top] + new + text[excerpt.end :]
    # Both must be found once: the correction is undone by its words, wherever they have moved to.
    while top and after.count(text[top : excerpt.start] + new) > 1:
        top = _line_start(text, top - 1)
    above, updated = text[top : excerpt.start], _updated_field(text)
    former = {"updated": text[slice(*updated)] if updated else "", "before": _digest(text)}
    return {"old": above + old, "new": above + new, **former}


def replace_words(corpus: Path, file: str, cells: Cells, *, back: bool = False) -> bool:
    """Replace words, or put the former ones `back`; False if the words to replace are not found exactly once.

    A field of the front matter that says when the article was updated is set to today; it becomes what it was if that
    makes the whole file what it was. Raises `CorpusError` if the result would not be the same article with the same
    FAQs, or the file cannot be written.
    """
    old, new = (cells["new"], cells["old"]) if back else (cells["old"], cells["new"])
    with WRITING:
        text = _read(corpus, file)
        if text.count(old) != 1:
            return False
        replaced = text.replace(old, new)
        former = _with_updated(replaced, cells["updated"])
        replaced = former if back and _digest(former) == cells["before"] else _with_updated(replaced)
        _check(file, text, replaced)
        write_file(corpus / file, replaced)
    return True


def changed_since(file: str) -> CorpusError:
    """Return the error of a file that is no longer what an editor saw."""
    return CorpusError(f"{file} was changed since you opened it: copy your words, open the passage again, paste them.")


def is_correctable(file: str) -> bool:
    """Whether a path is inside the corpus and of a format whose words can be corrected in place."""
    path = PurePosixPath(file)
    return path.suffix.lower() in _READERS and not path.is_absolute() and ".." not in path.parts


def _read(corpus: Path, file: str) -> str:
    if not is_correctable(file):
        advice = _ADVICE.get(file) or _ADVICE.get(PurePosixPath(file).suffix.lower(), _ON_WEBSITE)
        raise CorpusError(f"These words are in {file}: {advice}, and publish.")
    try:
        return (corpus / file).read_bytes().decode()
    except UnicodeDecodeError as error:
        raise CorpusError(f"{file} is not in UTF-8: save it so, and open the words again.") from error
    except OSError as error:
        raise CorpusError(f"{file} cannot be read ({error.strerror}): restore it, or publish without it.") from error


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _line_start(text: str, place: int) -> int:
    """Return the start of the line that a place, which may be its line end, belongs to."""
    return max((match.end() for match in _LINE_END.finditer(text) if match.end() <= place), default=0)


def _letters(text: str, start: int = 0) -> tuple[str, list[int]]:
    """Return the letters and digits of a text apart from markup, with their places."""
    bare = _MARKUP.sub(lambda match: " " * len(match[0]), text)
    places = [match.start() for match in re.compile(r"[^\W_]").finditer(bare, start)]
    return "".join(text[place] for place in places), places


def _find(text: str, plain: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the places of the first and the last letter of `plain[start:end]` in a file's text."""
    front = _FRONT_MATTER.match(text)
    (there, places), (own, at) = _letters(text, front.end() if front else 0), _letters(plain)
    first, last = bisect_left(at, start), bisect_left(at, end)
    for context in _CONTEXTS:
        words = own[max(0, first - context) : last]
        if first < last and there.count(words) == 1:
            stop = there.index(words) + len(words)
            return places[stop - (last - first)], places[stop - 1]
    return None


def _with_line_ends(text: str, old: str, new: str) -> str:
    """Return edited words with the file's line ends; of mixed ones, each kept line has its own."""
    lines, ends = _LINE_END.split(old), [*_LINE_END.findall(old), ""]
    usual = next(iter(_LINE_END.findall(text)), "\n")
    own = dict[int, str]()
    for here, there, size in SequenceMatcher(None, lines, new.split("\n"), autojunk=False).get_matching_blocks():
        own |= {there + n: ends[here + n] for n in range(size)}
    edited = [line + (own.get(n) or usual) for n, line in enumerate(new.split("\n"))]
    return "".join(edited).rstrip("\r\n")


def _updated_field(text: str) -> tuple[int, int] | None:
    """Return the place of the value that the reader takes for the day of the last update."""
    from bot.corpus.formats.markdown import field_name

    front = _FRONT_MATTER.match(text)
    fields = [*_FIELD.finditer(text, 0, front.end())] if front else []
    return next((match.span(2) for match in reversed(fields) if field_name(match[1]) == "updated"), None)


def _with_updated(text: str, value: str = "") -> str:
    """Return a file with this day of the last update, by default today, if it has one."""
    start, end = _updated_field(text) or (0, 0)
    today = date.today().isoformat()
    value = value or _DAY.sub(lambda match: f"{match[1]}{today}{match[1]}", text[start:end], count=1)
    return f"{text[:start]}{value}{text[end:]}" if end else text


def _check(file: str, before: str, after: str) -> None:
    """Raise `CorpusError` if a changed file would be another article, or an article without one of its FAQs."""
    old, new = (_article(file, text) for text in (before, after))
    lost = [faq.question for faq in old.faqs if faq.question not in {each.question for each in new.faqs}]
    titles = [f"its title {old.title!r}"] if (old.title, old.id) != (new.title, new.id) else []
    for what in [*titles, *(f"the question {question!r} or its answer" for question in lost)]:
        raise CorpusError(f"{file} would lose {what}: leave the lines that make it as they were; nothing was saved.")


def _article(file: str, text: str) -> Article:
    reader = import_module(f"bot.corpus.formats.{_READERS[PurePosixPath(file).suffix.lower()]}")
    try:
        return next(item for item in reader.read(decode(text.encode()).text, file) if isinstance(item, Article))
    except (Unreadable, StopIteration) as error:
        reason = str(error) or "no text in it"
        raise CorpusError(f"{file} could not be read as an article ({reason}): nothing was saved.") from error
