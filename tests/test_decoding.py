"""Damaged characters in files: each costs a character, not the file."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.corpus import Article, Refused, read_corpus
from bot.corpus.decoding import RepairingReader, decode, repair, repair_markup
from bot.corpus.formats import markdown, webpage, wordpress
from bot.corpus.formats.webpage import decode_page
from bot.corpus.in_memory import InMemorySource
from bot.corpus.refused import Unreadable

HINDI = "पेंशन कब मिलती है?"
TABLE = "question,answer\nWho pays?,The firm\x92s bank.\nWhen?,Monthly.\n"


def mojibake(text: str, encoding: str) -> str:
    """Return text whose UTF-8 was read as another encoding; bytes that it lacks stay control characters."""
    return "".join(bytes([n]).decode(encoding, "ignore") or chr(n) for n in text.encode())


@pytest.mark.parametrize(
    ("content", "text", "lines"),
    [
        ("one\ntwo\x92s".encode(), "one\ntwo’s", (2,)),
        ("5 \x80\n\x93a\x94\n\x85".encode(), "5 €\n“a”\n…", (1, 2, 2, 3)),
        (mojibake("don’t – “go”", "latin-1").encode(), "don’t – “go”", (1,) * 8),
        (mojibake("to go”", "cp1252").encode(), "to go”", (1,)),
        (mojibake(HINDI, "latin-1").encode(), HINDI, None),
        (f"{HINDI} don".encode() + b"\x92t", f"{HINDI} don’t", (1,)),
        (f"{HINDI} caf".encode() + b"\xe9", f"{HINDI} café", (1,)),
        (b"a\n" + HINDI.encode()[:-2], f"a\n{HINDI[:-2]}\ufffd", (2, 2)),
        (HINDI.encode()[:5] + HINDI.encode()[6:], "प\ufffdंशन कब मिलती है?", (1, 1)),
        ("Café – déjà".encode("cp1252"), "Café – déjà", ()),
        (b"caf\xe9 \x81 d\xe9j\xe0", "café \ufffd déjà", (1,)),
        (f"{HINDI}\0\nb\x0bc\x1fd\x7f".encode(), f"{HINDI}\nb cd", (1, 2, 2, 2)),
        ("Café".encode("utf-16") + b"\x00", "Café\ufffd", (1,)),
        (b"\xef\xbb\xbfcaf\xe9", "café", (1,)),
        ("café\nthe clerk".encode() + b"\x92s isn\x92t \x85 ", "café\nthe clerk’s isn’t … ", (2, 2, 2)),
        ("5 €\n".encode() + b"isn\x92t \x96 it", "5 €\nisn’t – it", (2, 2)),
        ("€ ".encode() + b"\x92" * 500, "€ " + "’" * 500, (1,) * 500),
        ("ł ą".encode() + b" d\xe9j\xe0 \x93vu\x94\x85", "ł ą déjà “vu”…", (1,) * 5),
        ("café".encode() + b"\x92s caf\xe9\x94 \xe2\x80 a", "café’s café” \ufffd a", (1,) * 5),
        ("CÓRDOBA ".encode() + b"\x92 \x92", "CÓRDOBA ’ ’", (1, 1)),
        ("€ ".encode() + b"\xe9 " * 101, "â‚¬ " + "é " * 101, ()),
        (b"a\r\nb\rc", "a\nb\nc", ()),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else ascii(value)[:30],
)
def test_a_damaged_character_is_repaired_or_replaced_and_its_line_is_told(
    content: bytes, text: str, lines: tuple[int, ...] | None
):
    decoded = decode(content)
    assert decoded.text == text
    assert lines is None or decoded.damaged_lines == lines


@pytest.mark.parametrize(
    "words", ["Er sagt: „Spaß“.", "Il dit «\xa0café\xa0».", "CAFÉ” – ÇA", "”HYVÄ PÄIVÄ” sanoi hän", "«MANHû NÃO", "ß–"]
)
def test_a_letter_and_a_sign_in_windows_1252_are_not_taken_for_utf_8(words: str):
    assert decode(words.encode("cp1252") + b" \x96 ").text == f"{words} – "
    assert decode(words.encode()).text == words


def test_a_note_names_the_lines_of_the_damage():
    (note,) = decode("\n".join(f"{n}\x92" for n in range(9)).encode()).notes("a.md")
    assert note == Refused(
        "a.md", 1, "9 damaged characters in lines 1, 2, 3, 4, 5, …: compare with the original", "cleaned"
    )
    (one,) = decode(b"a\n\n\xc2\x92").notes("a.md")
    assert one.reason == "a damaged character in line 3: compare with the original"
    assert list(decode(b"fine").notes("a.md")) == []


@pytest.mark.parametrize("content", [b"\0\1\2", b"a\n\0\0", bytes(range(256)) * 40, "Who pays?".encode("utf-16-le")])
def test_a_file_of_control_characters_is_not_text(content: bytes):
    with pytest.raises(Unreadable, match="not a text file: it contains the control character"):
        decode(content)


def test_one_damaged_row_costs_no_other(tmp_path: Path):
    rows = [{"question": f"What is {n}?", "answer": f"It is number {n}."} for n in range(300)]
    rows[53]["answer"] = "It is \x80 5."
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    lines[99] = lines[99].replace("number", "num\x01ber")
    (tmp_path / "faqs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    corpus = read_corpus(tmp_path)
    assert [len(corpus.articles), corpus.articles[53].text, corpus.articles[99].text] == [
        300, "It is € 5.", "It is number 99.",
    ]  # fmt: skip
    assert corpus.refused == (
        Refused("faqs.jsonl", 54, "2 damaged characters in lines 54, 100: compare with the original", "cleaned"),
    )


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.md", "a.txt", "a.html"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_every_text_format_survives_a_damaged_byte(tmp_path: Path, name: str, encoding: str):
    words = {
        "a.csv": TABLE, "a.tsv": TABLE.replace(",", "\t"), "a.md": "# T\n\nThe firm\x92s bank.\n",
        "a.txt": "The firm\x92s bank pays each month.\n", "a.html": "<p>The firm\x92s bank pays.</p>",
    }[name]  # fmt: skip
    content = words.encode() if encoding == "utf-8" else words.encode("latin-1") + " à é".encode()
    (tmp_path / name).write_bytes(content)
    corpus = read_corpus(tmp_path)
    assert "The firm’s bank" in corpus.articles[0].text
    assert [(note.kind, note.line) for note in corpus.refused if note.kind == "cleaned"] == [
        ("cleaned", 2 if name in ("a.csv", "a.tsv") else 3 if name == "a.md" else 1)
    ]


def test_an_alternate_with_a_damaged_byte_is_kept(tmp_path: Path):
    (tmp_path / "faq.md").write_text("# Pay\n\n## FAQs\n\n### Who pays?\n\nThe firm.\n", encoding="utf-8")
    (tmp_path / "alternates.csv").write_bytes(b"question,passage\nwho\x92s paying,faq#faq-who-pays\n")
    corpus = read_corpus(tmp_path)
    assert [row.question for row in corpus.alternates] == ["who’s paying"]


def test_escaped_control_characters_and_surrogates_in_json_do_not_stop_a_build(tmp_path: Path):
    (tmp_path / "a.jsonl").write_text(
        '{"title": "T\\u0092s", "text": "One \\ud800 two\\u0000 \\u0096 three.", "tags": ["a\\udc00"]}\n'
        '{"question": "Why\\ud83d\\ude00?", "answer": "So\\u0080."}\n'
    )
    article, faq = read_corpus(tmp_path).articles
    assert (article.title, article.text, article.tags) == ("T’s", "One \ufffd two – three.", ("a\ufffd",))
    assert (faq.title, faq.text) == ("Why😀?", "So€.")


def test_articles_passed_as_objects_are_repaired():
    (article,) = InMemorySource([{"id": "a", "text": "One \ud800 two\x92s."}])
    assert article.text == "One \ufffd two’s."


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("don&#146;t &#x92; &#0150;x", "don’t ’ –x"),
        ("&#160;&#1460;&#39;", "&#160;&#1460;&#39;"),
        ("firm\x92s", "firm’s"),
        ("a&#5;b&#x1f;&#xFFFE;&#65535; \fc&#12;&#0;", "ab  c \ufffd"),
        ("&#9;&#10;&#13;&#32;&#x20;&#130000;&#x1f600;", "&#9;&#10;&#13;&#32;&#x20;&#130000;&#x1f600;"),
    ],
)
def test_references_to_control_characters_are_read_as_browsers_do(markup: str, text: str):
    assert repair_markup(markup) == text


@pytest.mark.parametrize("character", ["&#5;", "&#xb;", "\f", "&#12;", "&#xFFFE;", "&#x81;"])
def test_a_control_character_behind_a_removed_part_of_a_page_does_not_stop_its_reader(character: str):
    words = "<p>This page tells our members about the rules of the bank, which has kept their savings.</p>"
    (article,) = webpage.read(f"<article>{words}<p>So <script>x</script>it {character} is.</p></article>", "a.html")
    assert isinstance(article, Article)
    assert article.text.split()[:3] + article.text.split()[-1:] == ["This", "page", "tells", "is."]


def test_markdown_with_references_to_control_characters_has_their_letters():
    (article,) = markdown.read("# Pay\n\nThe firm&#146;s bank &#x96; each month.\n", "a.md")
    assert isinstance(article, Article)
    assert article.text == "The firm’s bank – each month."


def test_a_page_in_a_declared_encoding_with_a_damaged_byte_stays_in_it():
    content = '<meta charset="shift_jis"><p>解雇'.encode("shift_jis") + b"\x81</p>"
    assert decode_page(content).text.endswith("解雇\ufffd</p>")


@pytest.mark.parametrize(
    ("charset", "words"), [("shift_jis", "よくある質問"), ("gb2312", "常见问题"), ("big5", "誰付錢")]
)
def test_a_page_in_a_declared_encoding_is_not_taken_for_damaged_utf_8(charset: str, words: str):
    assert decode_page(f'<meta charset="{charset}"><p>{words}'.encode(charset)).text.endswith(words)


EXPORT = (
    '<?xml version="1.0" encoding="UTF-8"?><rss xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:wp="http://wordpress.org/export/1.2/"><channel><wp:wxr_version>1.2</wp:wxr_version>\n'
)
POST = (
    "<item><title>{title}</title><link>https://example.com/{title}/</link><content:encoded><![CDATA[{words}]]>"
    "</content:encoded><wp:post_type>post</wp:post_type><wp:status>publish</wp:status></item>\n"
)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (b"\x0b", "One two."), (b"\x0c", "One two."), (b" \x1f", "One two."), (b" \0", "One two."),
        (b"\x92s ", "One’s two."), (b" \xe0\xa4 ", "One \ufffd two."), (b" \xef\xbf\xbf ", "One \ufffd two."),
        ("\x92s ".encode(), "One’s two."),
    ],
)  # fmt: skip
def test_a_damaged_character_in_an_export_does_not_lose_the_rest_of_it(tmp_path: Path, damage: bytes, words: str):
    posts = [POST.format(title=n, words="One$two.") for n in range(3)]
    path = tmp_path / "export.xml"
    path.write_bytes(f"{EXPORT}{''.join(posts)}</channel></rss>".encode().replace(b"$", damage, 1).replace(b"$", b" "))
    found = list(wordpress.read_file(path, "export.xml"))
    assert [each.text for each in found if isinstance(each, Article)] == [words, "One two.", "One two."]
    notes = [each for each in found if isinstance(each, Refused)]
    expected = [] if damage == b"\x0c" else [("cleaned", 2)]  # a page break between words is no damage
    assert [(note.kind, note.line) for note in notes] == expected


def test_an_export_in_another_encoding_is_left_to_the_parser(tmp_path: Path):
    text = EXPORT.replace("UTF-8", "ISO-8859-1") + POST.format(title="a", words="Café.") + "</channel></rss>"
    (tmp_path / "export.xml").write_bytes(text.encode("latin-1"))
    (article,) = wordpress.read_file(tmp_path / "export.xml", "export.xml")
    assert isinstance(article, Article)
    assert article.text == "Café."


@settings(deadline=None)
@given(st.text(), st.integers(1, 9))
def test_a_file_without_damage_is_read_as_it_is_whatever_the_size_of_the_pieces(tmp_path_factory, text: str, size: int):
    path = tmp_path_factory.mktemp("t") / "a.xml"
    path.write_bytes((clean := repair(text).replace("\f", " ").replace("\r", "")).encode())
    with path.open("rb") as file:
        reader = RepairingReader(file)
        assert b"".join(iter(lambda: reader.read(size), b"")).decode() == clean
    assert reader.damaged_lines == []


def test_many_pieces_of_which_nothing_is_left_are_read(tmp_path: Path):
    (path := tmp_path / "a.xml").write_bytes(b"<a/>" + bytes(5000))
    with path.open("rb") as file:
        reader = RepairingReader(file)
        assert b"".join(iter(lambda: reader.read(2), b"")) == b"<a/>"


@settings(deadline=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_decoded_without_control_characters_or_are_not_text(content: bytes):
    try:
        text = decode(content).text
    except Unreadable:
        return
    assert repair(text) == text
    assert text.encode().decode() == text
