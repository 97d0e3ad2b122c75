"""The WordPress REST API → articles as HTML pages: https://developer.wordpress.org/rest-api/reference/posts/."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from urllib.parse import urlencode

import httpx

from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.pull.addresses import UrlFailed, UrlRefused, parse_address
from bot.corpus.pull.http_client import JSON, Fetched, HttpClient

KINDS = ("posts", "pages")
POSTS_A_PAGE = 50
"""WordPress gives at most 100; the longest articles then still fit into one response."""
_TERMS_A_PAGE = 100
_MOST_TERM_PAGES = 100
_FIELDS = "id,link,date,modified,title,content,categories,tags"
_UNSORTED = "uncategorized"
Post = dict[str, object]
Refuse = Callable[[str, UrlRefused], None]
"""Told of an address that is refused, and why."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list that the API gives."""

    fetched: Fetched
    posts: tuple[Post, ...]
    pages: int
    """How many there are; 0 where the site does not say."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The names of a site's categories and tags by their numbers."""

    categories: Mapping[int, str]
    tags: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Api:
    """The REST API of a site."""

    door: HttpClient
    root: str
    """What stands before a route such as `/wp/v2/posts`."""

    @classmethod
    def find(cls, door: HttpClient, start: httpx.URL, refuse: Refuse, report: Callable[[str], None]) -> "Api | None":
        """The API at an address, by its pretty path or, where a site has no pretty permalinks, by its query; None where there is none."""
        base = str(start).rstrip("/")
        for root in (f"{base}/wp-json", f"{base}/?rest_route="):
            api = cls(door, root)
            address = api.address("posts", per_page=1, _fields="id")
            try:
                api.page(address)
            except UrlFailed as failure:
                refuse(address, failure)
                return None
            except UrlRefused as refusal:
                report(f"No WordPress REST API at {root}: {refusal}.")
                continue
            return api
        return None

    def address(self, route: str, **asked: str | int) -> str:
        """The address of a route under `/wp/v2/` with what is asked of it."""
        return f"{self.root}/wp/v2/{route}{'&' if '?' in self.root else '?'}{urlencode(asked)}"

    def posts_address(self, kind: str, number: int, since: date | None) -> str:
        """The address of one page of the published posts or pages, oldest first, so that those published meanwhile change no earlier page."""
        asked: dict[str, str | int] = {
            "per_page": POSTS_A_PAGE,
            "page": number,
            "orderby": "id",
            "order": "asc",
            "_fields": _FIELDS,
        }
        if since is not None:
            # It asks for what was modified after a moment: the last second of the day before is the one before `since`.
            asked["modified_after"] = f"{since - timedelta(days=1)}T23:59:59"
        return self.address(kind, **asked)

    def page(self, address: str, known: Mapping[str, str] | None = None) -> Page:
        """One page of a list. Raises `UrlRefused` when the answer is none."""
        fetched = self.door.get(address, JSON, known=known)
        if fetched.unchanged:
            return Page(fetched, (), 0)
        posts = _parsed(fetched.content)
        if not isinstance(posts, list) or not all(isinstance(post, dict) for post in posts):
            raise UrlRefused("is not a list as WordPress gives it")
        pages = fetched.headers.get("X-WP-TotalPages", "")
        return Page(fetched, tuple(posts), int(pages) if pages.isdecimal() and len(pages) < 8 else 0)

    def numbers(self, address: str) -> Page:
        """A page of a list with nothing but the numbers of its posts, which a site can give also where one of them is broken."""
        return self.page(str(httpx.URL(address).copy_set_param("_fields", "id")))

    def post_address(self, address: str, post: Post) -> str:
        """The address of one post of a list."""
        kind = next(kind for kind in KINDS if f"/wp/v2/{kind}" in address)
        return self.address(f"{kind}/{post.get('id')}", _fields=_FIELDS)

    def post(self, address: str) -> Post:
        """One post. Raises `UrlRefused` when the answer is none."""
        post = _parsed(self.door.get(address, JSON).content)
        if not isinstance(post, dict):
            raise UrlRefused("is not a post as WordPress gives it")
        return post

    def terms(self, refuse: Refuse) -> Terms:
        """The names of the site's categories and tags; articles go without those that cannot be had."""
        return Terms(self._names("categories", refuse), self._names("tags", refuse))

    def _names(self, kind: str, refuse: Refuse) -> dict[int, str]:
        names: dict[int, str] = {}
        for number in range(1, _MOST_TERM_PAGES + 1):
            address = self.address(kind, per_page=_TERMS_A_PAGE, page=number, hide_empty="true", _fields="id,name,slug")
            try:
                page = self.page(address)
            except UrlRefused as refusal:
                if not is_past_the_end(refusal, number):
                    refuse(address, refusal)
                break
            for term in page.posts:
                if isinstance(identity := term.get("id"), int) and term.get("slug") != _UNSORTED:
                    names[identity] = _plain(term.get("name"))
            if number == page.pages or not page.posts:
                break
        return names


def is_past_the_end(refusal: UrlRefused, number: int) -> bool:
    """Whether a page of a list is refused because there are not so many: a site that does not say how many there are is asked until then."""
    return number > 1 and refusal.status == 400


def permalink(post: Post) -> httpx.URL:
    """The address of a post. Raises `UrlRefused` when it has none."""
    link = post.get("link")
    if not isinstance(link, str):
        raise UrlRefused("a post without a link")
    return parse_address(link)


def article_page(post: Post, terms: Terms) -> bytes:
    """A post as an HTML page that declares its title, dates, category, tags and permalink in the head.

    Raises `UrlRefused` when it is protected by a password or has no text.
    """
    content = post.get("content")
    if not isinstance(content, dict) or not isinstance(content.get("rendered"), str):
        raise UrlRefused("a post without content as WordPress gives it")
    if content.get("protected") is True:
        raise UrlRefused("protected by a password")
    title, body = _plain(_rendered(post, "title")), str(content["rendered"]).strip()
    if not body:
        raise UrlRefused("no text in it")
    categories, tags = _named(post, "categories", terms.categories), _named(post, "tags", terms.tags)
    metas = [
        ("article:published_time", str(post.get("date") or "")),
        ("article:modified_time", str(post.get("modified") or "")),
        ("article:section", next(iter(categories), "")),
        # An article has one category: what else it is filed under is kept as tags.
        *(("article:tag", tag) for tag in (*categories[1:], *tags)),
    ]
    link = str(permalink(post))
    head = "\n".join(f'<meta property="{name}" content="{escape(value)}">' for name, value in metas if value)
    return (
        f'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>{escape(title or link)}</title>\n<link rel="canonical" href="{escape(link)}">\n'
        f"{head}\n</head>\n<body>\n<article>\n<h1>{escape(title or link)}</h1>\n{body}\n</article>\n</body>\n</html>\n"
    ).encode("utf-8", "replace")


def modified_before(post: Post, day: date) -> bool:
    """Whether a post says that it was last modified before a day: sites older than WordPress 5.7 do not know `modified_after`."""
    try:
        return date.fromisoformat(str(post.get("modified"))[:10]) < day
    except ValueError:
        return False


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UrlRefused("is not the JSON that it says it is") from None


def _rendered(post: Post, name: str) -> object:
    value = post.get(name)
    return value.get("rendered") if isinstance(value, dict) else value


def _plain(markup: object) -> str:
    # JSON can hold halves of characters, which are no text.
    return (
        " ".join(html_to_plain_form(markup.encode("utf-8", "replace").decode()).text.split())
        if isinstance(markup, str)
        else ""
    )


def _named(post: Post, kind: str, names: Mapping[int, str]) -> list[str]:
    numbers = post.get(kind)
    return (
        [names[number] for number in numbers if isinstance(number, int) and names.get(number)]
        if isinstance(numbers, list)
        else []
    )
