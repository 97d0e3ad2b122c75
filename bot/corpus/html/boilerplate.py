"""Removes boilerplate around the article of a web page, recognised by class and id, by heading and by wording.

Site themes use the same names (those of WordPress and of its plugins for sharing, related posts, adverts and forms),
which are matched as whole parts of a class or id. An element with a large share of the page's text stays: themes also
give such names to wrappers of the page.
"""

import re
from collections import Counter
from collections.abc import Iterator

from lxml.etree import XPath
from lxml.html import HtmlElement

from bot.corpus.html.elements import HEADINGS, text_of

_MAX_SHARE = 0.4
"""Maximum share of a page's text in an element that is removed."""
_MAX_PROMPT_LENGTH = 300
"""Maximum number of characters below "Share this" or "Subscribe" that are removed with this heading."""
_MAX_NAMES_LENGTH = 500
"""Maximum number of characters of classes and id that are matched."""
_NEVER_REMOVED = {"html", "body", "main", "article", "h1", *("td", "th", "tr", "tbody", "table")}

_RELATED = re.compile(
    r"(?:^|[\s_-])(?:(?:jp-)?related(?:[_-]?(?:posts?|articles?|content|stories|links|reading|wrap(?:per)?|container"
    r"|entries|news|box))*|relatedposts|yarpp(?:-related)?|crp_related|wp_rp|zem_rp|(?:you-?)?may-?(?:also-?)?like"
    r"|also-?(?:like|read)|read-?(?:also|next)|recommended(?:-?(?:posts?|articles?|stories|reading))?"
    r"|similar-?(?:posts?|articles?)|(?:more|other)-?(?:posts|articles|stories)|(?:popular|recent|latest)-?(?:posts?"
    r"|articles?|stories|news)|up-?next|outbrain|taboola|ob-widget|trc_related|nrelate|linkwithin|simple-?reach"
    r"|contextual-related-posts|inline-related)(?:$|[\s_-])",
    re.IGNORECASE,
)
_BOILERPLATE = re.compile(
    r"(?:^|[\s_-])(?:"
    # Comments and the comment form
    r"comments?|commentlist|comment-?(?:respond|form|list|area|section)|respond|reply|disqus(?:_thread)?|fb-comments"
    r"|trackbacks?|pingbacks?"
    # Sharing and following
    r"|sharedaddy|sd-(?:block|sharing|social|like)|jetpack-(?:likes?|sharing|subscribe)\S*|(?:post|entry|article"
    r"|content|page|blog|single)-?(?:share|sharing|social)|(?:share|sharing|social)(?:-?(?:this|bar|box|btns?|buttons?"
    r"|links?|icons?|list|media|post|tools|wrap(?:per)?|container|widget|share|menu|nav|area|section))?|shares"
    r"|addtoany\S*|a2a_kit|addthis\S*|ssba\S*|heateor\S*|essb\S*|shareaholic\S*|mashsb\S*|swp_social\S*"
    r"|sassy-social\S*|follow-?(?:us|me|buttons?)|tweet-?this|dpsp\S*|likebtn\S*|wpulike|wp_ulike\S*|kk-star-ratings"
    r"|post-?ratings|post-?views|print-?friendly|printfriendly"
    # Author and metadata of the post
    r"|author-?(?:box|bio|info|card|desc(?:ription)?|about|profile|block|details|wrap(?:per)?|area|section)|(?:about"
    r"|post|entry|article)-?author|about-the-author|saboxplugin\S*|pp-multiple-authors\S*|molongui\S*|abh_box|byline"
    r"|by-?line|(?:entry|post|article|blog)-?(?:meta|info|footer|utility|data|details|date|time|categories|tags|nav)"
    r"|postmeta|postmetadata|posted-(?:on|by|in)|meta-?(?:info|data)|tag-?(?:list|cloud|links)|tagcloud|tags-links"
    r"|cat-links|post_tags|tags"
    # Navigation
    r"|breadcrumbs?|bread-crumbs?|pagination|pager|page-?links|nav-?links|(?:post|posts|page|site|main|entry|primary"
    r"|secondary)-?nav(?:igation)?|navigation|nav-?(?:bar|menu|below|above|single)|(?:site|page|main)-?(?:header"
    r"|footer|info)|colophon|footer-?widgets?|widget-?area|sidebar(?:-\w+)?|side-?bar|skip-?link|masthead|mega-?menu"
    r"|main-?menu|search-?form|searchform|ez-toc\S*|lwptoc\S*|toc_container|toc-?(?:container|wrapper|box|list)"
    r"|table-of-contents|wp-block-(?:rank-math-toc-block|yoast-seo-table-of-contents)|rank-math-toc\S*"
    # Adverts and offers
    r"|adsbygoogle|advert(?:isement|ising|s)?|ads?-?(?:slot|unit|container|wrap(?:per)?|banner|block|box|area|inserter"
    r"|placeholder|label)|google-?auto-?placed|ai-viewport\S*|code-block|quads-location|wpa-|sponsor(?:ed|s)?"
    r"|promo(?:-?(?:box|banner|block))?|affiliate-?disclosure|newsletter(?:-\w+)?|subscri(?:be|ption)(?:-?(?:form|box"
    r"|widget|block))?|mc4wp\S*|mailchimp\S*|mc_embed\S*|opt-?in(?:-\w+)?|convertkit\S*|formkit\S*|hs-form\S*"
    r"|sign-?up(?:-?(?:form|box))?|wpcf7\S*|wpforms\S*|gform_wrapper|poll|pds-box"
    # Notices
    r"|cookie(?:s)?-?(?:banner|notice|consent|bar|law|policy-bar|message|popup|overlay|settings)\S*"
    r"|cookie-law-info\S*|gdpr\S*|cmplz\S*|cli-\S+|consent-?(?:banner|popup|manager)|pop-?up(?:-\w+)?|modal(?:-\w+)?"
    r"|screen-reader-text|sr-only|visually-?hidden|noprint|no-?print|hidden-print)(?:$|[\s_-])",
    re.IGNORECASE,
)
_COMMENTS = re.compile(r"(?:^|[\s_-])(?:comments?|commentlist|respond|disqus)", re.IGNORECASE)
_POST = re.compile(r"(?:^|\s)(?:hentry|type-\w+)(?:\s|$)")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_NAMED = XPath(".//*[@class or @id]")

_RELATED_TITLE = re.compile(
    r"(?:more )?(?:related|similar|recent|latest|popular|recommended|trending|featured|other|more"
    r"|further)(?: blog)? (?:posts?|articles?|stories|reads?|reading|content|news|links?|topics|entries)(?: (?:from"
    r"|by|in|on|you)\b.{0,40})?|you (?:may|might|will|would) (?:also )?(?:like|enjoy|be interested in).{0,20}|(?:also"
    r"|read) (?:read|also|next|more)|recommended(?: for you| reading)?|more (?:from|in|on|like this)\b.{0,40}|related"
    r"|like this:?|what to read next|up next|don['’]t miss|editor['’]?s? picks?|see also|most (?:read|popular)",
    re.IGNORECASE,
)
_COMMENTS_TITLE = re.compile(
    r"(?:\d+|one|two|three|no|leave|post|add|write)\s+(?:a |an |your )?(?:comments?|repl(?:y|ies)|responses?"
    r"|thoughts?)\b.{0,80}|comments?(?: \(?\d+\)?)?|cancel reply|join the (?:conversation|discussion)"
    r"|about (?:the )?(?:author|writer)s?|(?:trackbacks?|pingbacks?).{0,20}|recent comments",
    re.IGNORECASE,
)
_PROMPT_TITLE = re.compile(
    r"share (?:this|on|via|with|now)\b.{0,30}|share|sharing is caring.{0,10}|follow (?:us|me)\b.{0,40}|(?:post )?tags"
    r"|tagged(?: with)?|categories|archives?|written by.{0,40}|(?:post|posts) navigation|(?:subscribe"
    r"|sign up)\b.{0,60}|newsletter|get (?:our|the|new) .{0,30}(?:newsletter|updates|posts).{0,30}"
    r"|discover more from .{1,60}|search|search for:?|advertisements?|sponsored(?: content| links)?|meta|blogroll"
    r"|cookie notice",
    re.IGNORECASE,
)
_TITLES = (_RELATED_TITLE, _COMMENTS_TITLE, _PROMPT_TITLE)
_POINTER = re.compile(
    r"[\W_]*(?:also read|read (?:also|more|next)|must read|see also|related(?: (?:post|article|story|reading))?s?"
    r"|you may (?:also )?like|more on this|recommended)\s*[:–-]\s.{0,200}",
    re.IGNORECASE,
)
_BOILERPLATE_LINE = re.compile(
    r"[-–—*=_\s]*(?:advertisements?|sponsored(?: content)?|ad|ads by google|report this ad"
    r"|story continues below(?: advertisement)?|(?:article|content) continues (?:below|after).{0,30})[-–—*=_\s]*"
    r"|(?:(?:join|follow|share|subscribe|like|connect with)\b(?:.{0,40}\b(?:whatsapp|telegram|facebook|twitter"
    r"|instagram|linkedin|youtube|pinterest|reddit|channel|group|newsletter|rss)\b.{0,40})|join now|follow us"
    r"|share (?:this|now|on|via)\b.{0,40}|share:?|click to (?:share|tweet|email|print)\b.{0,60}|tweet(?: this)?"
    r"|pin(?: it)?(?: this)?|e-?mail(?: this)?|print(?: this)?.{0,12}|like (?:this:?|loading\W*)|loading\W*"
    r"|like\W*be the first to like this\W*|sharing is caring.{0,10}|facebook|twitter|whatsapp|telegram|linkedin"
    r"|pinterest|reddit|tumblr|google\+|copy link)|(?:(?:tags?|tagged|categor(?:y|ies|ized as)|topics|labels)\s*:"
    r"|tagged (?:with|as|in)|filed (?:under|in)|posted (?:in|under))\s.{0,300}|(?:tags?|categor(?:y|ies)|filed under"
    r"|posted (?:in|on|by)|by|author|share|written by|published|updated):|this entry was (?:posted|filed).*"
    r"|this post was (?:posted|last modified).*|bookmark the permalink.*|posted (?:on|by)\s.{0,100}"
    r"|view all posts by.*|(?:all|more) posts by .{0,60}|(?:leave|post|add|write) a (?:comment|reply)\b.{0,60}|(?:\d+"
    r"|no) (?:comments?|repl(?:y|ies)|responses?|shares?|views?|likes?)|be the first to (?:comment|like this).{0,20}"
    r"|comments? (?:are|is) (?:closed|off).{0,40}|your e-?mail address will not be published.*"
    r"|required fields are marked.*|save my name, e-?mail.*|notify me of (?:new|follow).*|you must be logged in to.*"
    r"|you can follow any (?:responses|comments).*|cancel reply|reply|(?:←|«|‹|<<?|previous(?: (?:post|article|story"
    r"|entry))?:?)\s.{0,150}|.{0,150}\s(?:→|»|›|>>)|(?:next|previous|prev)(?: (?:post|article|story|page"
    r"|entry))?(?:: .{0,150})?|continue reading\b.{0,150}|read more\W*|read full (?:article|story)\W*"
    r"|skip to (?:main )?content|back to top|(?:jump|skip|scroll) to .{0,20}|show (?:more|less)|toggle navigation"
    r"|menu|\d+ min(?:ute)?s?(?: (?:of )?read(?:ing)?)?(?: time)?|(?:estimated )?reading time\s*:?\s.{0,30}"
    r"|(?:last )?(?:updated|modified)(?: on)?\s*:?\s.{0,12}\d{4}.{0,20}|(?:©|\(c\)|copyright\b).{0,150}"
    r"|.{0,60}all rights reserved\.?|powered by .{0,40}|proudly powered by.*|(?:subscribe|sign up) (?:to|for|now"
    r"|today|here|below|via)\b.{0,120}|subscribe\W*|enter your e-?mail.{0,120}|get (?:our"
    r"|the latest) .{0,60}(?:newsletter|inbox).{0,40}|we use cookies.*|this (?:site|website) uses (?:cookies"
    r"|akismet).*|by (?:continuing|using) (?:to|this|our) .{0,40}cookies.*|(?:(?:copyrights?|©"
    r"|\(c\))\W.{0,100}all rights? reserved.{0,60}|(?:\{\{[^{}]*\}\}\W*)+)|please share this.{0,40}|if you (?:liked"
    r"|enjoyed|found) this .{0,160}(?:share|subscribe|follow).{0,80}|thanks? (?:you )?for reading\W*|(?:image|photo"
    r"|picture)s?(?: (?:credit|source|courtesy|by|via))s?\s*:\s.{0,100}",
    re.IGNORECASE,
)


def is_boilerplate(line: str) -> bool:
    """Whether a line is boilerplate by its wording: a share prompt, an advert label, a list of tags."""
    bare = line.strip(" #>|*-\t")
    return _BOILERPLATE_LINE.fullmatch(bare) is not None


def remove_boilerplate(body: HtmlElement, site: str) -> list[str]:
    """Remove the boilerplate from a page and return the titles of related posts in it; `site` is the page's host."""
    related: list[str] = []
    max_length = _MAX_SHARE * max(len(body.text_content()), 1)
    article = _main_element_path(body)
    for element in _boilerplate_elements(body):
        if element not in article and _is_attached(element, body) and len(element.text_content()) <= max_length:
            if _RELATED.search(_names(element)):
                related += _link_titles(element, site)
            element.drop_tree()
    related += _remove_titled(body, site, max_length)
    related += _remove_pointers(body, site)
    return list(dict.fromkeys(related))


def _boilerplate_elements(body: HtmlElement) -> list[HtmlElement]:
    """Return the elements that are boilerplate by tag, class, id or style."""
    named = ((element, _names(element)) for element in _NAMED(body) if element.tag not in _NEVER_REMOVED)
    found = [*body.iter("nav", "script", "style", "noscript", "template", "iframe", "svg", "dialog")]
    found += [element for element, names in named if _BOILERPLATE.search(names) or _RELATED.search(names)]
    found += [element for element in body.iter() if isinstance(element.tag, str) and _is_hidden(element)]
    return found


def _main_element_path(body: HtmlElement) -> set[HtmlElement]:
    """Return the element with the most text in its own paragraphs, comments excluded, and its ancestors."""
    lengths: Counter[HtmlElement] = Counter()
    for paragraph in body.iter("p"):
        if (parent := paragraph.getparent()) is not None:
            lengths[parent] += len(paragraph.text_content())
    for parent, _ in lengths.most_common():
        path = [parent, *parent.iterancestors()]
        if not any(_COMMENTS.search(_names(element)) for element in path if element.tag not in _NEVER_REMOVED):
            return set(path)
    return set()


def _is_hidden(element: HtmlElement) -> bool:
    return element.get("hidden") is not None or _HIDDEN.search(element.get("style") or "") is not None


def _names(element: HtmlElement) -> str:
    """Return the classes and id of an element; "" for a post's wrapper, which WordPress names after its categories."""
    classes = (element.get("class") or "")[:_MAX_NAMES_LENGTH]
    return "" if _POST.search(classes) else f"{classes} {element.get('id') or ''}"[:_MAX_NAMES_LENGTH]


def _is_attached(element: HtmlElement, body: HtmlElement) -> bool:
    return element is not body and any(above is body for above in element.iterancestors())


def _link_titles(element: HtmlElement, site: str) -> Iterator[str]:
    """Yield the texts of an element's links to the same site that may be titles."""
    for link in element.iter("a"):
        host = re.match(r"(?:https?:)?//([^/]+)", link.get("href") or "")
        text = text_of(link)
        if len(text.split()) > 1 and not is_boilerplate(text) and (not site or not host or host[1] == site):
            yield text


def _remove_titled(body: HtmlElement, site: str, max_length: float) -> list[str]:
    """Remove sections with related posts, comments or share buttons; return the titles of the posts."""
    related: list[str] = []
    for heading in [*body.iter(*HEADINGS)]:
        title = text_of(heading).strip(" :")
        matches = heading.tag != "h1" and any(pattern.fullmatch(title) for pattern in _TITLES)
        if not matches or not _is_attached(heading, body):
            continue
        elements = list(_with_following(heading))
        length = sum(len(element.text_content()) for element in elements)
        if length > max_length or not _is_boilerplate_section(title, elements[1:]):
            continue
        for element in elements:
            related += _link_titles(element, site) if _RELATED_TITLE.fullmatch(title) else ()
            element.drop_tree()
    return related


def _is_boilerplate_section(title: str, elements: list[HtmlElement]) -> bool:
    """Whether a heading introduces boilerplate, and the elements below it look like that."""
    length = sum(len(element.text_content()) for element in elements)
    links = sum(len(link.text_content()) for element in elements for link in element.iter("a"))
    if _RELATED_TITLE.fullmatch(title):
        return links * 2 >= length
    is_prompt = _PROMPT_TITLE.fullmatch(title) is not None and (links * 2 >= length or length < _MAX_PROMPT_LENGTH)
    return is_prompt or _COMMENTS_TITLE.fullmatch(title) is not None


def _with_following(heading: HtmlElement) -> Iterator[HtmlElement]:
    """Yield a heading, or a wrapper that has nothing else, and the elements up to the next heading of its level."""
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
    """Remove the lines that link to another article, such as "Also read: …", and return the titles in them."""
    related: list[str] = []
    for line in [*body.iter("p", "li")]:
        if _POINTER.fullmatch(text_of(line)) and line.find(".//a") is not None:
            related += _link_titles(line, site)
            line.drop_tree()
    return related
