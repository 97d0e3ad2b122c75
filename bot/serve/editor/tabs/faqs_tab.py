"""The tab in which an editor writes FAQs: questions to write, FAQs written so far, and a preview."""

import html
from functools import partial
from typing import Any, NamedTuple

import gradio as gr

from bot.corpus.decisions.actions import WrittenFaq, draft, faqs_to_write, withdraw_faq, written_faqs
from bot.corpus.formats.tables import cells_to_plain_form
from bot.errors import CorpusError
from bot.serve.editor.events import EVENT_OPTIONS, connect
from bot.serve.editor.publishing import BEING_PUBLISHED, PublishBar, answer_once_published, bar_state, start
from bot.serve.editor.service import EditorService
from bot.serve.editor.tabs.questions_tab import QuestionsTab
from bot.serve.page.article_html import article_html

_WITHDRAWN = "Withdrawn. Visitors no longer get it once that is published."
_HINT = "Plain sentences; an empty line starts a paragraph, a dash a list item."


class _Form(NamedTuple):
    question: gr.Textbox
    answer: gr.Textbox
    category: gr.Dropdown
    alternates: gr.Textbox
    instead_of: gr.State
    """The question of the FAQ that is being changed; empty for a new one."""


def faqs_tab(service: EditorService, page: gr.Blocks, tabs: gr.Tabs, bar: PublishBar, questions: QuestionsTab) -> None:
    """Create the lists and the form, with a preview and the answer that visitors get after publishing."""
    notice = gr.Markdown(elem_id="faqs-notice", elem_classes="notice")
    with gr.Row(elem_id="faqs-and-form"):
        with gr.Column(elem_id="faq-lists"):
            waiting = gr.Radio([], label="To write", elem_id="to-write")
            written = gr.Radio([], label="Written here", elem_id="written")
            new = gr.Button("New FAQ", size="sm", elem_id="new-faq")
        with gr.Column(elem_id="faq-form"):
            form = _form()
            preview = gr.Markdown(elem_id="preview")
            with gr.Row():
                save = gr.Button("Save & publish", variant="primary", elem_id="save-faq")
                withdraw = gr.Button("Withdraw this FAQ", visible=False, elem_id="withdraw-faq")
            result = gr.Markdown(elem_id="asked-again")
    asked = answer_once_published(service, bar, notice, result)
    filled = [*form, preview, withdraw, result]
    lists = [waiting, written]

    def on_load() -> tuple[Any, ...]:
        return "", *_lists(service), gr.update(choices=list(service.bot.generation.table.facts.categories))

    def on_save(
        who: str, question: str, answer: str, category: str | None, alternates: str, instead_of: str
    ) -> tuple[Any, ...]:
        others = tuple(filter(None, map(str.strip, alternates.splitlines())))
        faq = WrittenFaq(" ".join(question.split()), answer.strip(), (category or "").strip(), others)
        service.write(faq, instead_of, who)
        return BEING_PUBLISHED, (faq.question, None), faq.question, "", *start(service), *_lists(service)

    def on_withdraw(who: str, question: str) -> tuple[Any, ...]:
        withdraw_faq(service.corpus, question, who=who)
        return _WITHDRAWN, *_empty(), *bar_state(service), *_lists(service)

    def on_write(who: str, question: str) -> tuple[Any, ...]:
        draft(service.corpus, question, who=who)
        return "", gr.Tabs(selected="faqs"), *_new(service, question), *_lists(service)

    connect(page.load, on_load, None, [notice, *lists, form.category])
    for chosen, other, fill in ((waiting, written, _new), (written, waiting, _old)):
        show = partial(lambda fill, name: ("", *fill(service, name), None), fill)
        connect(chosen.input, show, [chosen], [notice, *filled, other])
    new.click(lambda: (*_empty(), None, None), None, [*filled, *lists], **EVENT_OPTIONS)
    gr.on(
        [form.question.change, form.answer.change], _preview, [form.question, form.answer], [preview], **EVENT_OPTIONS
    )
    connect(save.click, on_save, form, [notice, asked, form.instead_of, result, *bar, *lists], signed=True)
    connect(withdraw.click, on_withdraw, [form.instead_of], [notice, *filled, *bar, *lists], signed=True)
    begun = [notice, tabs, *filled, *lists]
    connect(questions.write.click, on_write, [questions.chosen], begun, signed=True, chosen=True)


def _form() -> _Form:
    return _Form(
        gr.Textbox(label="Question", max_lines=3, elem_id="faq-question"),
        gr.Textbox(label="Answer", info=_HINT, lines=6, max_lines=20, elem_id="faq-answer"),
        gr.Dropdown([], label="Category", allow_custom_value=True, elem_id="faq-category"),
        gr.Textbox(label="Also asked as", info="One a line.", lines=2, max_lines=8, elem_id="faq-alternates"),
        gr.State(""),
    )


def _empty() -> tuple[Any, ...]:
    return "", "", None, "", "", "", gr.update(visible=False), ""


def _new(service: EditorService, question: str) -> tuple[Any, ...]:
    """Return the values of the form for a question that waits, in the category of the nearest article."""
    hits = service.bot.retriever.finder().find(question, 1).hits
    category = hits[0].passage.article.category if hits else None
    return question, "", category, "", "", "", gr.update(visible=False), ""


def _old(service: EditorService, question: str) -> tuple[Any, ...]:
    """Return the values of the form for a FAQ that was written before."""
    faq = next((each for each in written_faqs(service.corpus) if each.question == question), None)
    if faq is None:
        raise CorpusError("This FAQ was withdrawn or changed since: reload the page.")
    others = "\n".join(faq.alternates)
    shown = _preview(question, faq.answer), gr.update(visible=True), ""
    return question, faq.answer, faq.category or None, others, question, *shown


def _lists(service: EditorService) -> tuple[Any, ...]:
    waiting, written = faqs_to_write(service.corpus), [each.question for each in written_faqs(service.corpus)]
    return tuple(gr.update(choices=names, value=None, visible=bool(names)) for names in (waiting, written[::-1]))


def _preview(question: str | None, answer: str | None) -> str:
    if not answer or not answer.strip():
        return ""
    title, words = html.escape(" ".join((question or "").split())), article_html(cells_to_plain_form([answer]))
    return f'<div class="card"><div class="chip">Preview</div><h2>{title}</h2>{words}</div>'
