"""Articles from the WordPress REST API: https://developer.wordpress.org/rest-api/reference/posts/."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

import httpx

from bot.corpus.fields import iso_day
from bot.corpus.pull.addresses import Refuse, UrlFailed, UrlRefused
from bot.corpus.pull.crawl_state import Progress
from bot.corpus.pull.html_files import Post, Terms, plain_line
from bot.corpus.pull.http_client import JSON, Fetched, HttpClient

POST_TYPES = ("posts", "pages")
"""The routes of posts and pages; other types have routes of their own."""
_INTERNAL_TYPES = re.compile(r"post|page|attachment|nav_menu_item|wp_\w+")
_PER_PAGE = 100  # of links and of terms: all that WordPress allows
_MAX_LINK_PAGES, _MAX_TERM_PAGES = 10_000, 100
POSTS_PER_PAGE = 50  # WordPress allows 100; with 50, even the longest articles fit into one response
_FIELDS = "id,link,date,modified,title,content,categories,tags,acf"
_UNCATEGORIZED = "uncategorized"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list from the API."""

    fetched: Fetched
    posts: tuple[Post, ...]
    pages: int
    """Number of pages of the list; 0 if the site does not say."""


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
        return self.address(post_type, per_page=POSTS_PER_PAGE, page=number, **wanted)

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
        post_type = re.split(r"[?&]", address.rpartition("/wp/v2/")[2])[0]
        return self.address(f"{post_type}/{post.get('id')}", _fields=_FIELDS)

    def read_post(self, address: str) -> Post:
        """Read one post. Raises `UrlRefused` if the response is not a post."""
        post = _parse_json(self.client.get(address, JSON).content)
        if not isinstance(post, dict):
            raise UrlRefused("is not a post as WordPress returns it")
        return post

    def read_links(self, post_type: str) -> list[Post]:
        """Read the ids and links of all posts of a type. Raises `UrlRefused` if a page of the list cannot be read."""

        def fail(_: str, refusal: UrlRefused) -> None:
            raise refusal

        wanted = {"orderby": "id", "order": "asc", "_fields": "id,link"}
        return self._read_entries(post_type, wanted, _MAX_LINK_PAGES, fail)

    def included_address(self, post_type: str, posts: Sequence[Post]) -> str:
        """Return the address of the list of these posts."""
        ids = ",".join(str(post.get("id")) for post in posts)
        return self.address(post_type, per_page=POSTS_PER_PAGE, include=ids, _fields=_FIELDS)

    def other_types(self) -> list[str]:
        """Return the routes of further types of posts that the site shows, as far as it says so."""
        try:
            types = _parse_json(self.client.get(self.address("types"), JSON).content)
        except UrlRefused:
            return []
        found = types.items() if isinstance(types, dict) else ()
        shown = (each for name, each in found if isinstance(each, dict) and not _INTERNAL_TYPES.fullmatch(name))
        routes = (each.get("rest_base") for each in shown)
        return sorted(route for route in routes if isinstance(route, str) and re.fullmatch(r"[\w-]+", route))

    def read_terms(self, refuse: Refuse) -> Terms:
        """Read the names of categories and tags; articles go without those that fail."""
        return Terms(self._read_names("categories", refuse), self._read_names("tags", refuse))

    def _read_names(self, taxonomy: str, refuse: Refuse) -> dict[int, str]:
        wanted = {"hide_empty": "true", "_fields": "id,name,slug"}
        terms = self._read_entries(taxonomy, wanted, _MAX_TERM_PAGES, refuse)
        named = ((term.get("id"), term.get("name")) for term in terms if term.get("slug") != _UNCATEGORIZED)
        return {ident: plain_line(name) for ident, name in named if isinstance(ident, int)}

    def _read_entries(self, route: str, wanted: Mapping[str, str], max_pages: int, refuse: Refuse) -> list[Post]:
        """Read the entries of a list, each once, up to a page that is refused, or has no new ones."""
        entries: dict[str, Post] = {}
        for number in range(1, max_pages + 1):
            address = self.address(route, per_page=_PER_PAGE, page=number, **wanted)
            try:
                page = self.read_page(address)
            except UrlRefused as refusal:
                if not is_past_the_end(refusal, number):
                    refuse(address, refusal)
                break
            new = {str(entry.get("id")): entry for entry in page.posts if str(entry.get("id")) not in entries}
            entries |= new
            if number == page.pages or not new:
                break
        return list(entries.values())


def is_past_the_end(refusal: UrlRefused, number: int) -> bool:
    """Whether a page is refused because the list has ended, on a site that gives no number of pages."""
    return number > 1 and refusal.status == 400


def modified_before(post: Post, day: date | None) -> bool:
    """Whether a post was last modified before a day, if given: WordPress before 5.7 ignores `modified_after`."""
    modified = iso_day(str(post.get("modified")))
    return day is not None and modified is not None and modified < day


def _parse_json(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        raise UrlRefused("is not valid JSON") from None
