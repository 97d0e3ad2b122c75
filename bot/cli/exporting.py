"""The verbs that write what an index holds for other tools: export and map."""

from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Option

from bot.backends.location import store_at
from bot.cli.options import AsJson, Index
from bot.cli.output import count, print_facts

_FORMATS = "jsonl, parquet: passages with vectors; faq-jsonld: markup for your site."


def export(
    output: Annotated[Path, Option("--output", "-o", help="File to write; for faq-jsonld a folder.")],
    form: Annotated[Literal["jsonl", "parquet", "faq-jsonld"], Option("--format", help=_FORMATS)],
    index: Index = "index",
    as_json: AsJson = False,
) -> None:
    """Write passages with their vectors for other tools, or FAQs as schema.org markup for your own pages."""
    from bot.export.faq_markup import write_faq_markup
    from bot.export.rows import write_jsonl, write_parquet

    generation = store_at(index).open_current()
    facts: dict[str, Any] = {"format": form, "output": str(output), "generation": generation.name}
    if form == "faq-jsonld":
        written = write_faq_markup(generation, output)
        facts |= {"articles": len(written), "faqs": sum(each.faqs for each in written)}
        text = f"{count(facts['faqs'], 'FAQ')} of {count(len(written), 'article')} in {output}"
    else:
        (write_jsonl if form == "jsonl" else write_parquet)(generation, output)
        facts["passages"] = generation.table.facts.passages
        text = f"{count(facts['passages'], 'passage')} in {output}"
    print_facts(facts, as_json, lambda: text)


def draw_map(
    index: Index = "index",
    output: Annotated[Path, Option("--output", "-o", help="Page to write.")] = Path("map.html"),
    as_json: AsJson = False,
) -> None:
    """Draw the passages on one HTML page: those with similar meaning lie close together, coloured by category."""
    from bot.export.map import write_map

    generation = store_at(index).open_current()
    drawn = write_map(generation, output)
    passages = generation.table.facts.passages
    facts = {"output": str(output), "drawn": drawn, "passages": passages, "generation": generation.name}
    print_facts(facts, as_json, lambda: f"{count(drawn, 'passage')} drawn in {output}")
