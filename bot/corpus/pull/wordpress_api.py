"""Articles from the WordPress REST API: https://developer.wordpress.org/rest-api/reference/posts/."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from urllib.parse import urlencode

import httpx

from bot.corpus.html.plain_form import html_to_plain_form
from bot.corpus.pull.addresses import Refuse, UrlFailed, UrlRefused, parse_address
from bot.corpus.pull.http_client import JSON, Fetched, HttpClient
from bot.corpus.pull.report import Progress

POST_TYPES = ("posts", "pages")
_POSTS_PER_PAGE = 50  # WordPress allows 100; with 50, even the longest articles fit into one response
_TERMS_PER_PAGE = 100
_MAX_TERM_PAGES = 100
_FIELDS = "id,link,date,modified,title,content,categories,tags"
_UNCATEGORIZED = "uncategorized"
_HTML = """\
<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8">
<title>{title}</title>
<link rel="canonical" href="{link}">
{head}
</head>
<body>
<article>
<h1>{title}</h1>
{body}
</article>
</body>
</html>
"""
Post = dict[str, object]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list from the API."""

    fetched: Fetched
    posts: tuple[Post, ...]
    pages: int
    """Number of pages of the list; 0 if the site does not say."""


@dataclass(frozen=True, slots=True)
class Terms:
    """Names of a site's categories and tags, by id."""

    categories: Mapping[int, str]
    tags: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class WordPressApi:
    """The REST API of a site."""

    client: HttpClient
    root: str
    """The part of an address before a route such as `/wp/v2/posts`."""

    @classmethod
    def find(cls, client: HttpClient, start: httpx.URL, refuse: Refuse, report: Progress) -> "WordPressApi | None":
        """Find the API by its path or, on sites without pretty permalinks, by its query; None if there is none."""
        base = str(start).rstrip("/")
        for root in (f"{base}/wp-json", f"{base}/?rest_route="):
            api = cls(client, root)
            address = api.address("posts", per_page=1, _fields="id")
            try:
                api.read_page(address)
            except UrlFailed as failure:
                refuse(address, failure)
                return None
            except UrlRefused as refusal:
                report(f"No WordPress REST API at {root}: {refusal}.")
                continue
            return api
        return None

    def address(self, route: str, **parameters: str | int) -> str:
        """Return the address of a route under `/wp/v2/`."""
        return f"{self.root}/wp/v2/{route}{'&' if '?' in self.root else '?'}{urlencode(parameters)}"

    def posts_address(self, post_type: str, number: int, since: date | None) -> str:
        """Return the address of a page of posts, oldest first, so that new posts change no earlier page."""
        wanted = {"orderby": "id", "order": "asc", "_fields": _FIELDS}
        if since is not None:
            # The parameter excludes its own second: the last one of the day before `since`.
            wanted["modified_after"] = f"{since - timedelta(days=1)}T23:59:59"
        return self.address(post_type, per_page=_POSTS_PER_PAGE, page=number, **wanted)

    def read_page(self, address: str, conditions: Mapping[str, str] | None = None) -> Page:
        """Read one page of a list. Raises `UrlRefused` if the response is not a list."""
        fetched = self.client.get(address, JSON, conditions=conditions)
        if fetched.is_unchanged:
            return Page(fetched, (), 0)
        posts = _parse_json(fetched.content)
        if not isinstance(posts, list) or not all(isinstance(post, dict) for post in posts):
            raise UrlRefused("is not a list as WordPress returns it")
        pages = fetched.headers.get("X-WP-TotalPages", "")
        return Page(fetched, tuple(posts), int(pages) if pages.isdecimal() and len(pages) < 8 else 0)

    def read_ids(self, address: str) -> Page:
        """Read the ids of the posts on a page, which works even if one of the posts is broken."""
        return self.read_page(str(httpx.URL(address).copy_set_param("_fields", "id")))

    def post_address(self, address: str, post: Post) -> str:
        """Return the address of one post of a list."""
        post_type = next(name for name in POST_TYPES if f"/wp/v2/{name}" in address)
        return self.address(f"{post_type}/{post.get('id')}", _fields=_FIELDS)

    def read_post(self, address: str) -> Post:
        """Read one post. Raises `UrlRefused` if the response is not a post."""
        post = _parse_json(self.client.get(address, JSON).content)
        if not isinstance(post, dict):
            raise UrlRefused("is not a post as WordPress returns it")
        return post

    def read_terms(self, refuse: Refuse) -> Terms:
        """Read the names of categories and tags; articles go without those that fail."""
        return Terms(self._read_names("categories", refuse), self._read_names("tags", refuse))

    def _read_names(self, taxonomy: str, refuse: Refuse) -> dict[int, str]:
        names: dict[int, str] = {}
        for number in range(1, _MAX_TERM_PAGES + 1):
            wanted = {"hide_empty": "true", "_fields": "id,name,slug"}
            address = self.address(taxonomy, per_page=_TERMS_PER_PAGE, page=number, **wanted)
            try:
                page = self.read_page(address)
            except UrlRefused as refusal:
                if not is_past_the_end(refusal, number):
                    refuse(address, refusal)
                break
            for term in page.posts:
                if isinstance(ident := term.get("id"), int) and term.get("slug") != _UNCATEGORIZED:
                    names[ident] = _plain(term.get("name"))
            if number == page.pages or not page.posts:
                break
        return names


def is_past_the_end(refusal: UrlRefused, number: int) -> bool:
    """Whether a page is refused because the list has ended, on a site that gives no number of pages."""
    return number > 1 and refusal.status == 400


def permalink(post: Post) -> httpx.URL:
    """Return the address of a post. Raises `UrlRefused` if it has none."""
    link = post.get("link")
    if not isinstance(link, str):
        raise UrlRefused("a post without a link")
    return parse_address(link)


def to_html(post: Post, terms: Terms) -> bytes:
    """Return a post as an HTML page whose head declares its title, dates, category, tags and permalink.

    Raises `UrlRefused` if it is protected by a password or has no text.
    """
    content = post.get("content")
    if not isinstance(content, dict) or not isinstance(content.get("rendered"), str):
        raise UrlRefused("a post without content as WordPress returns it")
    if content.get("protected") is True:
        raise UrlRefused("protected by a password")
    title, body = _plain(_rendered(post, "title")), str(content["rendered"]).strip()
    if not body:
        raise UrlRefused("no text in it")
    categories, tags = _term_names(post, "categories", terms.categories), _term_names(post, "tags", terms.tags)
    metas = [
        ("article:published_time", str(post.get("date") or "")),
        ("article:modified_time", str(post.get("modified") or "")),
        ("article:section", next(iter(categories), "")),
        # An article has one category; its other ones become tags.
        *(("article:tag", tag) for tag in (*categories[1:], *tags)),
    ]
    link = str(permalink(post))
    head = "\n".join(f'<meta property="{name}" content="{escape(value)}">' for name, value in metas if value)
    return _HTML.format(title=escape(title or link), link=escape(link), head=head, body=body).encode("utf-8", "replace")


def modified_before(post: Post, day: date | None) -> bool:
    """Whether a post was last modified before a day, if given: WordPress before 5.7 ignores `modified_after`."""
    with suppress(ValueError):
        return day is not None and date.fromisoformat(str(post.get("modified"))[:10]) < day
    return False


def _parse_json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UrlRefused("is not valid JSON") from None


def _rendered(post: Post, name: str) -> object:
    value = post.get(name)
    return value.get("rendered") if isinstance(value, dict) else value


def _plain(markup: object) -> str:
    # JSON may contain lone surrogates, which cannot be encoded.
    if not isinstance(markup, str):
        return ""
    return " ".join(html_to_plain_form(markup.encode("utf-8", "replace").decode()).text.split())


def _term_names(post: Post, taxonomy: str, names: Mapping[int, str]) -> list[str]:
    ids = post.get(taxonomy)
    if not isinstance(ids, list):
        return []
    return [names[ident] for ident in ids if isinstance(ident, int) and names.get(ident)]
