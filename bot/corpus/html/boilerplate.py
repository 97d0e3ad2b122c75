"""What a web page holds around its article, and how it is told from the article: by class and id, by heading, by wording.

Site themes name their parts alike (WordPress's own classes, and those of its share, related-post, advert and form plugins), so names are matched as
whole parts of a class or id. Nothing is removed that holds a large share of the page's words: themes also write such names on what wraps a page.
"""

import re
from collections import Counter
from collections.abc import Iterator

from lxml.etree import XPath
from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of

_LARGEST_SHARE = 0.4
"""Of a page's words, what an element can hold and still be taken for something around the article."""
_PROMPT_LENGTH = 300
"""Characters; what stands below "Share this" or "Subscribe" is a prompt up to this length."""
_LONGEST_NAMES = 500
"""Characters of classes that are looked at."""
_NEVER = {"html", "body", "main", "article", "h1", *("td", "th", "tr", "tbody", "table")}

_RELATED = re.compile(
    r"(?:^|[\s_-])(?:(?:jp-)?related(?:[_-]?(?:posts?|articles?|content|stories|links|reading|wrap(?:per)?|container|entries|news|box))*|relatedposts|yarpp(?:-related)?"
    r"|crp_related|wp_rp|zem_rp|(?:you-?)?may-?(?:also-?)?like|also-?(?:like|read)|read-?(?:also|next)|recommended(?:-?(?:posts?|articles?|stories|reading))?"
    r"|similar-?(?:posts?|articles?)|(?:more|other)-?(?:posts|articles|stories)|(?:popular|recent|latest)-?(?:posts?|articles?|stories|news)|up-?next"
    r"|outbrain|taboola|ob-widget|trc_related|nrelate|linkwithin|simple-?reach|contextual-related-posts|inline-related)(?:$|[\s_-])",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"(?:^|[\s_-])(?:"
    # Comments and their form
    r"comments?|commentlist|comment-?(?:respond|form|list|area|section)|respond|reply|disqus(?:_thread)?|fb-comments|trackbacks?|pingbacks?"
    # Sharing and following
    r"|sharedaddy|sd-(?:block|sharing|social|like)|jetpack-(?:likes?|sharing|subscribe)\S*|(?:post|entry|article|content|page|blog|single)-?(?:share|sharing|social)"
    r"|(?:share|sharing|social)(?:-?(?:this|bar|box|btns?|buttons?|links?|icons?|list|media|post|tools|wrap(?:per)?|container|widget|share|menu|nav|area|section))?"
    r"|shares|addtoany\S*|a2a_kit|addthis\S*|ssba\S*|heateor\S*|essb\S*|shareaholic\S*|mashsb\S*|swp_social\S*|sassy-social\S*|follow-?(?:us|me|buttons?)|tweet-?this|dpsp\S*"
    r"|likebtn\S*|wpulike|wp_ulike\S*|kk-star-ratings|post-?ratings|post-?views|print-?friendly|printfriendly"
    # The author, the post's own facts
    r"|author-?(?:box|bio|info|card|desc(?:ription)?|about|profile|block|details|wrap(?:per)?|area|section)|(?:about|post|entry|article)-?author|about-the-author|saboxplugin\S*"
    r"|pp-multiple-authors\S*|molongui\S*|abh_box|byline|by-?line|(?:entry|post|article|blog)-?(?:meta|info|footer|utility|data|details|date|time|categories|tags|nav)"
    r"|postmeta|postmetadata|posted-(?:on|by|in)|meta-?(?:info|data)|tag-?(?:list|cloud|links)|tagcloud|tags-links|cat-links|post_tags|tags"
    # Moving about the site
    r"|breadcrumbs?|bread-crumbs?|pagination|pager|page-?links|nav-?links|(?:post|posts|page|site|main|entry|primary|secondary)-?nav(?:igation)?|navigation|nav-?(?:bar|menu|below|above|single)"
    r"|(?:site|page|main)-?(?:header|footer|info)|colophon|footer-?widgets?|widget-?area|sidebar(?:-\w+)?|side-?bar|skip-?link|masthead|mega-?menu|main-?menu|search-?form|searchform"
    r"|ez-toc\S*|lwptoc\S*|toc_container|toc-?(?:container|wrapper|box|list)|table-of-contents|wp-block-(?:rank-math-toc-block|yoast-seo-table-of-contents)|rank-math-toc\S*"
    # Adverts and offers
    r"|adsbygoogle|advert(?:isement|ising|s)?|ads?-?(?:slot|unit|container|wrap(?:per)?|banner|block|box|area|inserter|placeholder|label)|google-?auto-?placed|ai-viewport\S*"
    r"|code-block|quads-location|wpa-|sponsor(?:ed|s)?|promo(?:-?(?:box|banner|block))?|affiliate-?disclosure|newsletter(?:-\w+)?|subscri(?:be|ption)(?:-?(?:form|box|widget|block))?"
    r"|mc4wp\S*|mailchimp\S*|mc_embed\S*|opt-?in(?:-\w+)?|convertkit\S*|formkit\S*|hs-form\S*|sign-?up(?:-?(?:form|box))?|wpcf7\S*|wpforms\S*|gform_wrapper|poll|pds-box"
    # Notices
    r"|cookie(?:s)?-?(?:banner|notice|consent|bar|law|policy-bar|message|popup|overlay|settings)\S*|cookie-law-info\S*|gdpr\S*|cmplz\S*|cli-\S+|consent-?(?:banner|popup|manager)"
    r"|pop-?up(?:-\w+)?|modal(?:-\w+)?|screen-reader-text|sr-only|visually-?hidden|noprint|no-?print|hidden-print"
    r")(?:$|[\s_-])",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"(?:^|[\s_-])(?:comments?|commentlist|respond|disqus)", re.IGNORECASE)
_POST = re.compile(r"(?:^|\s)(?:hentry|type-\w+)(?:\s|$)")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NAMED = XPath(".//*[@class or @id]")

_RELATED_TITLE = re.compile(
    r"(?:more )?(?:related|similar|recent|latest|popular|recommended|trending|featured|other|more|further)(?: blog)? (?:posts?|articles?|stories|reads?|reading|content|news|links?|topics|entries)"
    r"(?: (?:from|by|in|on|you)\b.{0,40})?|you (?:may|might|will|would) (?:also )?(?:like|enjoy|be interested in).{0,20}|(?:also|read) (?:read|also|next|more)"
    r"|recommended(?: for you| reading)?|more (?:from|in|on|like this)\b.{0,40}|related|like this:?|what to read next|up next|don['’]t miss|editor['’]?s? picks?|see also|most (?:read|popular)",
    re.IGNORECASE,
)
_COMMENTS_TITLE = re.compile(
    r"(?:\d+|one|two|three|no|leave|post|add|write)\s+(?:a |an |your )?(?:comments?|repl(?:y|ies)|responses?|thoughts?)\b.{0,80}|comments?(?: \(?\d+\)?)?"
    r"|cancel reply|join the (?:conversation|discussion)|about (?:the )?(?:author|writer)s?|(?:trackbacks?|pingbacks?).{0,20}|recent comments",
    re.IGNORECASE,
)
_PROMPT_TITLE = re.compile(
    r"share (?:this|on|via|with|now)\b.{0,30}|share|sharing is caring.{0,10}|follow (?:us|me)\b.{0,40}|(?:post )?tags|tagged(?: with)?|categories|archives?|written by.{0,40}"
    r"|(?:post|posts) navigation|(?:subscribe|sign up)\b.{0,60}|newsletter|get (?:our|the|new) .{0,30}(?:newsletter|updates|posts).{0,30}|discover more from .{1,60}|search|search for:?"
    r"|advertisements?|sponsored(?: content| links)?|meta|blogroll|cookie notice",
    re.IGNORECASE,
)
_TITLES = (_RELATED_TITLE, _COMMENTS_TITLE, _PROMPT_TITLE)
_POINTER = re.compile(
    r"[\W_]*(?:also read|read (?:also|more|next)|must read|see also|related(?: (?:post|article|story|reading))?s?|you may (?:also )?like|more on this|recommended)\s*[:–-]\s.{0,200}",
    re.IGNORECASE,
)
_LINE = re.compile(
    r"[-–—*=_\s]*(?:advertisements?|sponsored(?: content)?|ad|ads by google|report this ad|story continues below(?: advertisement)?|(?:article|content) continues (?:below|after).{0,30})[-–—*=_\s]*"
    r"|(?:(?:join|follow|share|subscribe|like|connect with)\b(?:.{0,40}\b(?:whatsapp|telegram|facebook|twitter|instagram|linkedin|youtube|pinterest|reddit|channel|group|newsletter|rss)\b.{0,40})"
    r"|join now|follow us|share (?:this|now|on|via)\b.{0,40}|share:?|click to (?:share|tweet|email|print)\b.{0,60}|tweet(?: this)?|pin(?: it)?(?: this)?|e-?mail(?: this)?|print(?: this)?.{0,12}"
    r"|like (?:this:?|loading\W*)|loading\W*|like\W*be the first to like this\W*|sharing is caring.{0,10}|facebook|twitter|whatsapp|telegram|linkedin|pinterest|reddit|tumblr|google\+|copy link)"
    r"|(?:(?:tags?|tagged|categor(?:y|ies|ized as)|topics|labels)\s*:|tagged (?:with|as|in)|filed (?:under|in)|posted (?:in|under))\s.{0,300}"
    r"|(?:tags?|categor(?:y|ies)|filed under|posted (?:in|on|by)|by|author|share|written by|published|updated):"
    r"|this entry was (?:posted|filed).*|this post was (?:posted|last modified).*|bookmark the permalink.*|posted (?:on|by)\s.{0,100}|view all posts by.*|(?:all|more) posts by .{0,60}"
    r"|(?:leave|post|add|write) a (?:comment|reply)\b.{0,60}|(?:\d+|no) (?:comments?|repl(?:y|ies)|responses?|shares?|views?|likes?)|be the first to (?:comment|like this).{0,20}|comments? (?:are|is) (?:closed|off).{0,40}"
    r"|your e-?mail address will not be published.*|required fields are marked.*|save my name, e-?mail.*|notify me of (?:new|follow).*|you must be logged in to.*|you can follow any (?:responses|comments).*"
    r"|cancel reply|reply|(?:←|«|‹|<<?|previous(?: (?:post|article|story|entry))?:?)\s.{0,150}|.{0,150}\s(?:→|»|›|>>)|(?:next|previous|prev)(?: (?:post|article|story|page|entry))?(?:: .{0,150})?"
    r"|continue reading\b.{0,150}|read more\W*|read full (?:article|story)\W*|skip to (?:main )?content|back to top|(?:jump|skip|scroll) to .{0,20}|show (?:more|less)|toggle navigation|menu"
    r"|\d+ min(?:ute)?s?(?: (?:of )?read(?:ing)?)?(?: time)?|(?:estimated )?reading time\s*:?\s.{0,30}|(?:last )?(?:updated|modified)(?: on)?\s*:?\s.{0,12}\d{4}.{0,20}"
    r"|(?:©|\(c\)|copyright\b).{0,150}|.{0,60}all rights reserved\.?|powered by .{0,40}|proudly powered by.*|(?:subscribe|sign up) (?:to|for|now|today|here|below|via)\b.{0,120}|subscribe\W*"
    r"|enter your e-?mail.{0,120}|get (?:our|the latest) .{0,60}(?:newsletter|inbox).{0,40}|we use cookies.*|this (?:site|website) uses (?:cookies|akismet).*|by (?:continuing|using) (?:to|this|our) .{0,40}cookies.*"
    r"|(?:(?:copyrights?|©|\(c\))\W.{0,100}all rights? reserved.{0,60}|(?:\{\{[^{}]*\}\}\W*)+)"
    r"|please share this.{0,40}|if you (?:liked|enjoyed|found) this .{0,160}(?:share|subscribe|follow).{0,80}|thanks? (?:you )?for reading\W*|(?:image|photo|picture)s?(?: (?:credit|source|courtesy|by|via))s?\s*:\s.{0,100}",
    re.IGNORECASE,
)


def is_boilerplate(line: str) -> bool:
    """Whether a paragraph, list item or heading is by its wording no part of an article: a share prompt, an advert's mark, a line of tags, what a script was to fill in."""
    bare = line.strip(" #>|*-\t")
    return _LINE.fullmatch(bare) is not None


def remove_boilerplate(body: HtmlElement, site: str) -> list[str]:
    """Take out of a page of a site (its host, or "") what is not its article, and return the titles of the related posts among it."""
    related: list[str] = []
    most = _LARGEST_SHARE * max(len(body.text_content()), 1)
    kept = _around_most_paragraphs(body)
    for element in _around(body):
        if element not in kept and _attached(element, body) and len(element.text_content()) <= most:
            if _RELATED.search(_names(element)):
                related += _link_titles(element, site)
            element.drop_tree()
    related += _remove_titled(body, site, most)
    related += _remove_pointers(body, site)
    return list(dict.fromkeys(related))


def _around(body: HtmlElement) -> list[HtmlElement]:
    """The elements that are, by tag, class, id or style, no part of an article."""
    named = ((element, _names(element)) for element in _NAMED(body) if element.tag not in _NEVER)
    found = [*body.iter("nav", "script", "style", "noscript", "template", "iframe", "svg", "dialog")]
    found += [element for element, names in named if _AROUND.search(names) or _RELATED.search(names)]
    found += [element for element in body.iter() if isinstance(element.tag, str) and _is_hidden(element)]
    return found


def _around_most_paragraphs(body: HtmlElement) -> set[HtmlElement]:
    """The element that holds most words in paragraphs of its own, comments aside, and all that it stands in."""
    lengths: Counter[HtmlElement] = Counter()
    for paragraph in body.iter("p"):
        if (parent := paragraph.getparent()) is not None:
            lengths[parent] += len(paragraph.text_content())
    for parent, _ in lengths.most_common():
        above = [parent, *parent.iterancestors()]
        if not any(_COMMENTS.search(_names(element)) for element in above if element.tag not in _NEVER):
            return set(above)
    return set()


def _is_hidden(element: HtmlElement) -> bool:
    return element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "") is not None


def _names(element: HtmlElement) -> str:
    """The classes and the id of an element; none of what wraps a post: WordPress names it after the post's categories and tags."""
    classes = (element.get("class") or "")[:_LONGEST_NAMES]
    return "" if _POST.search(classes) else f"{classes} {element.get('id') or ''}"[:_LONGEST_NAMES]


def _attached(element: HtmlElement, body: HtmlElement) -> bool:
    return element is not body and any(above is body for above in element.iterancestors())


def _link_titles(element: HtmlElement, site: str) -> Iterator[str]:
    """The words of an element's links to the same site that read like titles."""
    for link in element.iter("a"):
        host = re.match(r"(?:https?:)?//([^/]+)", link.get("href") or "")
        words = text_of(link)
        if len(words.split()) > 1 and not is_boilerplate(words) and (not site or not host or host[1] == site):
            yield words


def _remove_titled(body: HtmlElement, site: str, most: float) -> list[str]:
    """Take out the headings that announce related posts, comments or sharing, with what stands under them."""
    related: list[str] = []
    for heading in [*body.iter(*HEADINGS)]:
        words = text_of(heading).strip(" :")
        if heading.tag == "h1" or not any(title.fullmatch(words) for title in _TITLES) or not _attached(heading, body):
            continue
        under = list(_under(heading))
        if sum(len(element.text_content()) for element in under) > most or not _announced(words, under):
            continue
        for element in under:
            related += _link_titles(element, site) if _RELATED_TITLE.fullmatch(words) else ()
            element.drop_tree()
    return related


def _announced(title: str, under: list[HtmlElement]) -> bool:
    """Whether a heading announces what is not the article, and what stands under it bears that out."""
    length = sum(len(element.text_content()) for element in under[1:])
    links = sum(len(link.text_content()) for element in under[1:] for link in element.iter("a"))
    if _RELATED_TITLE.fullmatch(title):
        return links * 2 >= length
    return _COMMENTS_TITLE.fullmatch(title) is not None or (
        _PROMPT_TITLE.fullmatch(title) is not None and (links * 2 >= length or length < _PROMPT_LENGTH)
    )


def _under(heading: HtmlElement) -> Iterator[HtmlElement]:
    """A heading and the elements below it up to the next heading that is not lower; those of its wrapper where it stands alone in one."""
    first = heading
    while (parent := first.getparent()) is not None and parent.tag == "div" and text_of(parent) == text_of(heading):
        first = parent
    yield first
    for element in first.itersiblings():
        if isinstance(element.tag, str):
            if any(HEADINGS[str(inner.tag)] <= HEADINGS[str(heading.tag)] for inner in element.iter(*HEADINGS)):
                return
            yield element


def _remove_pointers(body: HtmlElement, site: str) -> list[str]:
    """Take out the lines between paragraphs that point to another article, "Also read: …", and return the titles there."""
    related: list[str] = []
    for line in [*body.iter("p", "li")]:
        if _POINTER.fullmatch(text_of(line)) and line.find(".//a") is not None:
            related += _link_titles(line, site)
            line.drop_tree()
    return related
