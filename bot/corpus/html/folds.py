"""Finds what a page folds away: labels, such as buttons, tabs and hand-made headings, and the panels that they open.

Follows the attributes of WAI-ARIA and Bootstrap, ids named by scripts, and, where a page has none of these, the order
of the elements: a panel follows its label, or the list of all labels.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml.etree import XPath
from lxml.html import HtmlElement
from lxml.html.builder import E

from bot.corpus.html.boilerplate import is_hidden, is_named_boilerplate, main_element_path
from bot.corpus.html.elements import HEADINGS, INLINE, text_of
from bot.corpus.html.labels import has_words, is_descriptive_label, label_of, outermost
from bot.corpus.outline import is_question

_LABELS = XPath(
    ".//button | .//label[@for] | .//a[@tabindex or not(@href) or starts-with(@href, '#')"
    " or starts-with(@href, 'javascript:')] | .//*[@role='button' or @role='tab' or @aria-controls or @aria-expanded"
    " or @data-toggle or @data-bs-toggle or @onclick]"
)
_CLASSED = XPath(".//*[contains(@class, 'question')]")
_FOLDING = re.compile(r"(?i)accordion|toggle|collaps|expand|spoiler|faq|tab|question|fold")
"""Parts of the classes of elements that fold."""
_QUESTION, _ANSWER = (re.compile(rf"(?i)(?:^|[\s_-]){name}(?:$|[\s_-])") for name in ("question", "answer"))
_OPENERS = {"collapse", "tab", "pill", "accordion", "toggle"}
_PANELS = ("div", "section", "article", "aside", "dd")  # wrappers, unlike paragraphs and lists
_HIDDEN = ("div", "p", "section", "article", "ul", "ol", "dd", "span", "table")
_APART = ("nav", "header", "footer", "aside", "form", "dialog")  # parts of a page that are no text of its article
_MAX_DISTANCE = 5  # maximum number of elements between a label and the element whose class says that it folds


@dataclass(frozen=True, slots=True)
class Fold:
    """A label, which holds nothing but its words, and the panel that it opens."""

    label: HtmlElement
    panel: HtmlElement
    alternates: tuple[str, ...] = ()
    """Other questions that the panel answers."""


def folds_to_details(tree: HtmlElement) -> None:
    """Turn the folds of a post into `details`, with the label as `summary`."""
    for fold in FoldFinder(tree, is_page=False).find():
        header, details = outermost(fold.label), E("details", E("summary", fold.label.text or ""))
        fold.panel.addprevious(details)
        details.append(fold.panel)
        details.tail, fold.panel.tail = fold.panel.tail, None
        header.drop_tree()
    for button in [*tree.iter("button")]:
        if is_question(label_of(button)):
            button.tag = "span"


class FoldFinder:
    """Finds the folds of a page, or of a post, and puts each tab right above its panel.

    A post is all content; in a page, menus and dialogs have the same buttons, so that a label must be a question or
    belong to an accordion.
    """

    def __init__(self, tree: HtmlElement, *, is_page: bool) -> None:
        self._tree, self._is_page = tree, is_page
        for button in tree.iter("button"):  # its words are read like those of other elements of a heading
            if any(above.tag in (*HEADINGS, "summary", "dt", "th") for above in button.iterancestors()):
                button.tag, button.attrib["role"] = "span", "button"
        self._by_id = {element.get("id"): element for element in tree.iter() if element.get("id")}
        self._headers = {outermost(label): label for label in _LABELS(tree) if self._is_label(label)}
        self._places = Counter(place for header in self._headers for place in _places(header))
        main = main_element_path(tree) if is_page and self._headers else set()
        # What stands right below the body of a page with a main element is mostly its frame.
        self._main = {each for each in main if each.tag not in ("body", "html")} or main
        self._panels: dict[HtmlElement, HtmlElement] = {}
        """Panel → its label."""
        self._tab_panels: dict[HtmlElement, dict[HtmlElement, HtmlElement]] = {}
        """List of tabs → the panel of each tab; empty for other elements."""

    def find(self) -> list[Fold]:
        for header, label in self._headers.items():
            panel = self._controlled(label)
            if panel is None or panel in self._panels:
                panel = self._below(header, label_of(label))
            if panel is not None:
                self._panels.setdefault(panel, label)
        labels = set(self._panels.values())
        for panel, label in (*_hidden_answers(self._tree), *_classed_answers(self._tree)):
            if panel not in self._panels and not any(inner in labels for inner in label.iter()):
                self._panels[panel] = label
        return [self._arranged(label, panel) for panel, label in self._panels.items()]

    def _is_label(self, element: HtmlElement) -> bool:
        """Whether an element is a title of what it opens, unlike a link in a table of contents or in a menu."""
        if next(element.iterancestors("summary", "dt", "nav"), None) is not None:
            return False
        href, words = element.get("href") or "#", label_of(element)
        is_link = href.startswith("#") and len(href) > 1
        is_named = _is_toggle(element) or _FOLDING.search(element.get("class") or "") is not None
        if not words or element.tag in ("summary", "dt") or (is_link and not is_named):
            return False
        is_marked = _FOLDING.search(_classes(element)) if not self._is_page else "accordion" in _classes(element)
        controls = not self._is_page and self._controlled(element) is not None
        return is_question(words) or (is_descriptive_label(words) and bool(is_marked or controls))

    def _controlled(self, label: HtmlElement) -> HtmlElement | None:
        """Return the element whose id a label names in its attributes."""
        names = ["aria-controls", "data-target", "data-bs-target", *(["href"] if _is_toggle(label) else [])]
        names += [str(name) for name in label.attrib if str(name).startswith("data-") and "parent" not in str(name)]
        ids = [(label.get(name) or "").lstrip("#") for name in names]
        ids += re.findall(r"[\w-]+", label.get("onclick") or "")
        panels = [self._by_id[ident] for ident in ids if ident in self._by_id]
        above = {label, *label.iterancestors()}  # an accordion is named, too
        return next((panel for panel in panels if panel not in above and has_words(panel)), None)

    def _below(self, header: HtmlElement, words: str) -> HtmlElement | None:
        """Return what follows a header or, for one of several tabs, the panel as far down as the header is."""
        if not _stands_alone(header):
            return None
        if (panel := self._below_tabs(header)) is not None:
            return panel
        following = _next_element(header)
        is_marked = _FOLDING.search(_classes(header)) is not None or header.tag in HEADINGS
        is_opened = following is not None and is_hidden(following) and not is_named_boilerplate(following)
        if self._is_page and not (is_marked or is_opened or self._is_in_text(header, following)):
            return None
        if following is not None and following.tag in _PANELS and not (header.tail or "").strip():
            return following if has_words(following) and not self._holds_header(following) else None
        return self._wrapped_below(header) if is_question(words) else None

    def _is_in_text(self, header: HtmlElement, following: HtmlElement | None) -> bool:
        """Whether a header is between the paragraphs of a page, or one of several alike, unlike those of chats."""
        is_apart = next(header.iterancestors(*_APART), None) is not None
        if is_apart or (following is not None and is_named_boilerplate(following)):
            return False
        is_alike = any(self._places[place] > 1 for place in _places(header))
        return header.getparent() in self._main or (is_alike and not _is_menu(following))

    def _below_tabs(self, header: HtmlElement) -> HtmlElement | None:
        """Return the panel of a header in a list of nothing but headers, above as many panels."""
        tabs = header.getparent()
        if tabs is not None and tabs not in self._tab_panels:
            self._tab_panels[tabs] = self._panels_of_tabs(tabs)
        return None if tabs is None else self._tab_panels[tabs].get(header)

    def _panels_of_tabs(self, tabs: HtmlElement) -> dict[HtmlElement, HtmlElement]:
        headers = _children_with_words(tabs)
        if len(headers) < 2 or not all(each in self._headers for each in headers):
            return {}
        panels = [each for each in tabs.itersiblings("*") if has_words(each)]
        while panels and len(panels) != len(headers):
            panels = _children_with_words(panels[0])
        return dict(zip(headers, panels, strict=False))

    def _wrapped_below(self, header: HtmlElement) -> HtmlElement | None:
        """Wrap what follows a header up to the next header, heading or rule; None if it has no words."""
        level = HEADINGS.get(str(header.tag), 6)
        following = []
        for element in header.itersiblings():
            ends = element.tag == "hr" or any(HEADINGS[str(each.tag)] <= level for each in element.iter(*HEADINGS))
            if ends or self._holds_header(element):
                break
            following.append(element)
        tails = [header.tail, *(element.tail for element in following)]
        if not any(tail and tail.strip() for tail in tails) and not any(map(has_words, following)):
            return None
        panel = E("div", header.tail or "", *following)
        header.tail = None
        header.addnext(panel)
        return panel

    def _holds_header(self, element: HtmlElement) -> bool:
        return any(inner in self._headers and is_question(label_of(inner)) for inner in element.iter())

    def _arranged(self, label: HtmlElement, panel: HtmlElement) -> Fold:
        """Leave only words in a label, and move it above its panel if it is in a list of labels."""
        header, words = outermost(label), label_of(label)
        after, before = _next_element(header), next(header.itersiblings(preceding=True), None)
        is_tab = after in self._headers or (after is None and before in self._headers)
        del label[:]
        label.text = words
        if is_tab and header.getparent() is not panel.getparent():
            title = E("p", words)
            panel.addprevious(title)
            header.drop_tree()
            return Fold(title, panel)
        return Fold(label, panel)


def _is_menu(element: HtmlElement | None) -> bool:
    links = [] if element is None else [text_of(link) for link in element.iter("a")]
    return element is not None and len(links) > 1 and 2 * len(" ".join(links)) >= len(text_of(element))


def _places(header: HtmlElement) -> Iterator[tuple[int, HtmlElement]]:
    """Yield the elements near above a header with their distance, which headers that are alike have in common."""
    return enumerate(islice(header.iterancestors(), _MAX_DISTANCE))


def _hidden_answers(tree: HtmlElement) -> Iterator[tuple[HtmlElement, HtmlElement]]:
    """Yield the hidden elements right below a heading or question, with that: a script opens them."""
    for panel in [*tree.iter(*_HIDDEN)]:
        if not is_hidden(panel) or is_named_boilerplate(panel) or not has_words(panel):
            continue
        label = _label_above(panel)
        if label is None or is_named_boilerplate(label) or any(map(is_hidden, panel.iterancestors())):
            continue
        words = label_of(label)
        is_title = is_question(words) or (label.tag in HEADINGS and _FOLDING.search(_classes(panel)))
        if is_title and is_descriptive_label(words):
            yield panel, label


def _label_above(panel: HtmlElement) -> HtmlElement | None:
    """Return the element right above a panel; a question without an element of its own is put into one."""
    above, parent = panel.getprevious(), panel.getparent()
    while above is not None and not (above.tail or "").strip() and not has_words(above):
        above = above.getprevious()
    if above is not None:
        return None if (above.tail or "").strip() else above
    if parent is None or not is_question(parent.text or ""):
        return None
    label = E("p", parent.text or "")
    parent.text = None
    parent.insert(0, label)
    return label


def _classed_answers(tree: HtmlElement) -> Iterator[tuple[HtmlElement, HtmlElement]]:
    """Yield the elements named an answer and right below one named a question, with that."""
    for label in _CLASSED(tree):
        panel = _next_element(label)
        if panel is None or not _QUESTION.search(label.get("class") or "") or (label.tail or "").strip():
            continue
        if _ANSWER.search(panel.get("class") or "") and has_words(panel) and is_question(label_of(label)):
            yield panel, label


def _is_toggle(element: HtmlElement) -> bool:
    toggles = {element.get("data-toggle"), element.get("data-bs-toggle")}
    attributes = ("aria-expanded", "aria-controls")
    return element.get("role") == "tab" or bool(toggles & _OPENERS) or any(element.get(name) for name in attributes)


def _classes(element: HtmlElement) -> str:
    near = (element, *islice(element.iterancestors(), _MAX_DISTANCE))
    return " ".join(each.get("class") or "" for each in near).lower()


def _stands_alone(header: HtmlElement) -> bool:
    """Whether an element is a line of its own, unlike a link in a sentence."""
    before, parent = header.getprevious(), header.getparent()
    text = before.tail if before is not None else parent.text if parent is not None else None
    following = _next_element(header)
    inline = INLINE - {"br", "label"} if header.tag in INLINE else set()
    begins = not (text or "").strip() and (before is None or before.tag not in inline)
    tail = (header.tail or "").lstrip(" \t")
    ends = tail.startswith("\n") or (not tail and (following is None or following.tag not in inline))
    return begins and (header.tag == "label" or header.tag not in INLINE or ends)


def _next_element(element: HtmlElement) -> HtmlElement | None:
    return next(element.itersiblings("*"), None)


def _children_with_words(element: HtmlElement) -> list[HtmlElement]:
    return [each for each in element if has_words(each)]
