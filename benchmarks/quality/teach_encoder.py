"""Teach the packaged encoder which passage, and which sentence of it, answers a question.

usage: python -m benchmarks.quality.teach_encoder DATA_FOLDER OUTPUT [--without-fold N]

Trains the layers of the packaged model by in-batch negatives and two hard negatives a question, and writes what that
changed as an adapter of low rank (Hu et al. 2021). All vectors of a passage are pooled from one pass over it, as in a
build, and a question is compared with the passages, with their texts and with all sentences of the batch. Lessons are
labelled questions over answer_words's articles and over the ones that come with articlebot (the right passage and the
right sentence in it, against another passage of the same article, first one that looks right, and a near one of another
article) and the questions of FAQ and passage sets (the right FAQ or passage against those nearest by the packaged
model). Only sets whose licence allows it are used: no article of myscheme, no GPL set.

--without-fold N leaves out every third article of answer_words and every third set, from the Nth on, and articlebot's
own articles, so that they can serve to measure. OUTPUT receives the adapter, and the model with the adapter added.
"""

import argparse
import json
import random
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.quality.conversations import half_of
from benchmarks.shared.question_sets import PAGES, read_gains, read_json_lines, read_labelled, read_questions
from bot.build.build import build
from bot.build.workers import LocalWorkers
from bot.corpus.corpus import FolderSource
from bot.corpus.in_memory import InMemorySource
from bot.encoder.encoder_input import EncoderInput, part_masks
from bot.encoder.hashing import HashingEncoder
from bot.encoder.model import find_model
from bot.encoder.sentence import SentenceEncoder, multiplies_bfloat16
from bot.index.generation import passage_input
from bot.index.local_generation import LocalGeneration
from bot.index.store import LocalStore
from bot.languages.normalization import words_only
from bot.passages import Passage, context_and_text, sentences_of
from bot.retrieval.finder import Finder
from bot.settings import DEFAULT_MODEL, BuildSettings

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from torch import Tensor
    from torch.nn import Module

FOLDS = 3
SETS = {
    "clinc150_oos": 400,
    "hinglish_top": 300,
    "jhu_covidfaq": 600,
    "mtrag_govt": 200,
    "stackfaq": 700,
    "xquad_en": 700,
}
"""The number of questions used of each set."""
CORPUS = Path(__file__).parents[2] / "corpus"
QUESTIONS = Path(__file__).parents[2] / "tests" / "questions" / "words.jsonl"
HINDI = QUESTIONS.with_name("hindi.jsonl")
UNLICENSED = "myscheme-"
"""Beginning of the ids of the articles whose licence does not allow teaching with them."""
RANK, LEARNING_RATE, BATCH, MAX_TOKENS, TOGETHER, SCALE, BODY_SHARE = 48, 8e-5, 32, 192, 24, 20.0, 0.5
NEGATIVES, NEAREST, MAY_ANSWER = 2, 15, 3
SHARE = 0.7
"""The weight with which the adapter is added: averaging with the packaged model keeps what that one knows."""
PREFIX = "base_model.model."


class Lesson(NamedTuple):
    """A question, the passage that answers it, and two that do not."""

    question: str
    passages: tuple[EncoderInput, ...]
    """The right one first."""
    right: frozenset[int]
    """The sentences of the right one that answer; empty if they are not labelled."""
    owner: str
    """The article of the right one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--without-fold", type=int, choices=range(FOLDS))
    arguments = parser.parse_args()
    started, encoder = time.perf_counter(), SentenceEncoder(str(find_model(DEFAULT_MODEL)))
    lessons = read_lessons(arguments.data, encoder, arguments.without_fold)
    print({name: len(some) for name, some in lessons.items()}, f"{time.perf_counter() - started:.0f} s", flush=True)
    teach(encoder, lessons, arguments.output)
    print(f"taught in {(time.perf_counter() - started) / 60:.1f} minutes")


def is_taught(place: int, fold: int | None) -> bool:
    """Whether the article, or the set, at a place may be taught with when a fold is left out."""
    return fold is None or place % FOLDS != fold


def read_lessons(data: Path, encoder: SentenceEncoder, fold: int | None) -> dict[str, list[Lesson]]:
    """Return the lessons by kind."""
    chosen = random.Random(0)
    passages = read_passages(data / "answer_words", encoder)
    taught = list(_by_article(data / "answer_words", fold))
    if fold is None:
        passages |= _by_owner(LocalWorkers().passages(FolderSource(CORPUS), encoder, BuildSettings().passage_tokens))
        taught += _own_questions()
    near = _NearPassages(encoder, {ident: passages[ident] for _, ident in taught})
    lessons = {
        "passages": [each for asked, ident in taught for each in _of_passages(asked, passages[ident], near, chosen)]
    }
    for place, (name, most) in enumerate(SETS.items()):
        if is_taught(place, fold):
            lessons[name] = list(_of_set(data / name, encoder, most, chosen))
    return lessons


def _by_article(folder: Path, fold: int | None) -> Iterator[tuple[list[dict], str]]:
    """Yield the labelled questions of each article that may be taught with, and its id."""
    questions = _grouped(read_labelled(folder))
    for place, ident in enumerate(row["id"] for row in read_json_lines(folder / "corpus.jsonl")):
        if is_taught(place, fold) and not ident.startswith(UNLICENSED):
            yield [one for one in questions.get(ident, ()) if one["words"]], ident


def _own_questions() -> Iterator[tuple[list[dict], str]]:
    """Yield the labelled questions of each article that comes with articlebot, and its id."""
    rows = [row for row in (*read_json_lines(QUESTIONS), *_hindi_questions()) if row["words"]]
    labelled = [{"traps": [], **row, "passages": [row["words"], *row["also"]]} for row in rows]
    yield from ((asked, ident) for ident, asked in _grouped(labelled).items())


def _hindi_questions() -> Iterator[dict]:
    """Yield the questions in Hindi and Hinglish about half 0 of the articles, in the English words that are encoded."""
    with TemporaryDirectory() as folder:
        build(CORPUS, folder, encoder=HashingEncoder())
        finder = Finder(LocalGeneration.open(LocalStore(folder).current_folder()))
        for row in read_json_lines(HINDI):
            if half_of(row["article"]) == 0:
                yield {**row, "question": finder.find(row["question"], 1).variants[0].text}


def _grouped(questions: list[dict]) -> dict[str, list[dict]]:
    by_article: dict[str, list[dict]] = {}
    for question in questions:
        by_article.setdefault(question["article"], []).append(question)
    return by_article


def read_passages(folder: Path, encoder: SentenceEncoder) -> dict[str, list[Passage]]:
    source = InMemorySource(read_json_lines(folder / "corpus.jsonl"))
    return _by_owner(LocalWorkers().passages(source, encoder, BuildSettings().passage_tokens))


def _by_owner(passages: Iterable[Passage]) -> dict[str, list[Passage]]:
    owned: dict[str, list[Passage]] = {}
    for passage in passages:
        owned.setdefault(passage.article.id, []).append(passage)
    return owned


class _NearPassages:
    """The passages of all articles taught with, by nearness to a question as the packaged model sees it."""

    def __init__(self, encoder: SentenceEncoder, passages: dict[str, list[Passage]]) -> None:
        self._encoder, self._passages = encoder, [one for own in passages.values() for one in own]
        self._vectors = encoder.encode_passages([context_and_text(one) for one in self._passages])

    def elsewhere(self, questions: Sequence[str], article: str) -> list[list[Passage]]:
        """Return the nearest passages of other articles, without the very nearest, which may answer as well."""
        found = []
        for cosines in self._encoder.encode_questions(questions) @ self._vectors.T:
            order = np.argsort(-cosines)[: 3 * NEAREST].tolist()
            others = [self._passages[place] for place in order if self._passages[place].article.id != article]
            found.append(others[MAY_ANSWER:NEAREST])
        return found


def _of_passages(
    questions: Sequence[dict], passages: Sequence[Passage], near: _NearPassages, chosen: random.Random
) -> Iterator[Lesson]:
    """Yield a lesson for each question: the passage that answers, against one of the article and one of another."""
    elsewhere = near.elsewhere([one["question"] for one in questions], passages[0].article.id)
    for question, others in zip(questions, elsewhere, strict=True):
        right = [one for one in passages if _holds(one.text, question["words"])]
        wrong = [one for one in passages if not any(_overlaps(one.text, each) for each in question["passages"])]
        if right and wrong:
            traps = [one for one in wrong if any(_overlaps(one.text, each) for each in question["traps"])]
            texts = (right[0], chosen.choice(traps or wrong), chosen.choice(others or wrong))
            answering = _answering(right[0], words_only(question["words"]))
            yield Lesson(question["question"], tuple(map(passage_input, texts)), answering, right[0].article.id)


def _answering(passage: Passage, words: str) -> frozenset[int]:
    """Return which sentences of a passage hold the words that answer, or are part of them."""
    texts = [words_only(each) for each in sentences_of(passage)]
    return frozenset(n for n, each in enumerate(texts) if words in each or (each in words and len(each.split()) > 3))


def _of_set(folder: Path, encoder: SentenceEncoder, most: int, chosen: random.Random) -> Iterator[Lesson]:
    """Yield lessons of a set; wrong ones are among the nearest by the packaged model."""
    rows, gains = read_json_lines(folder / "corpus.jsonl"), read_gains(folder)
    places = {row["_id"]: place for place, row in enumerate(rows)}
    asked = [one for one in read_questions(folder) if one["_id"] in gains]
    asked = [one for one in asked if one.get("kind", "standalone") == "standalone"]
    asked = chosen.sample(asked, min(most, len(asked)))
    texts = [f"{row['title']}\n{row['text']}" for row in rows]
    vectors = encoder.encode_passages(texts)
    near = np.argsort(-encoder.encode_questions([one["text"] for one in asked]) @ vectors.T, axis=1)[:, :NEAREST]
    for question, order in zip(asked, near.tolist(), strict=True):
        right = [places[ident] for ident in gains[question["_id"]] if ident in places]
        wrong = [place for place in order if place not in right]
        roles = _texts_of(rows[chosen.choice(right)], is_page=folder.name in PAGES)
        kind = chosen.randrange(len(roles))
        two = [_texts_of(rows[place], is_page=folder.name in PAGES) for place in chosen.sample(wrong, NEGATIVES)]
        texts = (roles[kind], *(one[kind % len(one)] for one in two))
        yield Lesson(question["text"], tuple(map(EncoderInput, texts)), frozenset(), str(right[0]))


def _texts_of(row: dict, *, is_page: bool) -> list[str]:
    """Return the texts of an article that are encoded: a FAQ's questions, and questions and text together."""
    if is_page:
        return [f"{row['title']}\n{row['text']}"]
    if not row["text"]:
        return [row["title"], *row.get("alt_questions", ())]
    return [row["title"], f"{row['title']}\n{row['text']}"]


def _holds(text: str, words: str) -> bool:
    return words_only(words) in words_only(text)


def _overlaps(text: str, other: str) -> bool:
    """Whether one text contains a sentence or line of the other."""
    lines = [words_only(line) for line in re.split(r"\n|(?<=[.!?])\s", other)]
    return any(line in words_only(text) for line in lines if len(line.split()) > 4)


def teach(encoder: SentenceEncoder, lessons: dict[str, list[Lesson]], output: Path) -> None:
    """Train the model's layers, and write what that changed as an adapter, and the adapted model, to a folder."""
    model, layers = encoder.model.float(), dict(_layers(encoder.model))
    before = {name: layer.weight.detach().clone() for name, layer in layers.items()}
    _train(model, lessons)
    factors = {}
    for name, layer in layers.items():
        first, second = _factors(layer.weight.detach() - before[name])
        layer.weight.data = before[name] + SHARE * (second.float() @ first.float())
        factors |= {f"{PREFIX}{name}.lora_A.weight": first, f"{PREFIX}{name}.lora_B.weight": second}
    write_adapter(factors, output / "adapter")
    model.save_pretrained(str(output / "model"), create_model_card=False)


def _layers(model: "SentenceTransformer") -> Iterator[tuple[str, "Module"]]:
    """Yield the linear layers that are taught, by name; the words' vectors stay as they are."""
    from torch.nn import Linear

    for name, layer in model[0].auto_model.named_modules():
        if isinstance(layer, Linear) and name.startswith("encoder."):
            yield name, layer


def _train(model: "SentenceTransformer", lessons: dict[str, list[Lesson]]) -> None:
    import torch
    from transformers import get_cosine_schedule_with_warmup

    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0  # halves the time of a step, and changes no figure
    model[0].auto_model.set_attn_implementation("eager")  # faster than the default in bfloat16
    model.requires_grad_(requires_grad=False)
    weights = [layer.weight.requires_grad_() for _, layer in _layers(model)]
    batches, started = _batches(lessons), time.perf_counter()
    optimizer = torch.optim.AdamW(weights, LEARNING_RATE, weight_decay=0.0)
    schedule = get_cosine_schedule_with_warmup(optimizer, len(batches) // 10, len(batches))
    losses = []
    for step, batch in enumerate(batches, 1):
        loss = _loss(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(weights, 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
        if step % 20 == 0:
            seconds = time.perf_counter() - started
            print(f"step {step} of {len(batches)}: loss {np.mean(losses[-20:]):.3f}, {seconds:.0f} s", flush=True)


def _batches(lessons: dict[str, list[Lesson]]) -> list[list[Lesson]]:
    """Return batches of one set each, in random order.

    No two lessons of a batch are about the same article: the passage of one could answer the other.
    """
    chosen, full = random.Random(0), list[list[Lesson]]()
    for some in lessons.values():
        unfinished: list[list[Lesson]] = []
        for lesson in chosen.sample(some, len(some)):
            batch = next((one for one in unfinished if lesson.owner not in {each.owner for each in one}), None)
            if batch is None:
                unfinished.append(batch := [])
            batch.append(lesson)
            if len(batch) == BATCH:
                unfinished.remove(batch)
                full.append(batch)
    return chosen.sample(full, len(full))


def _loss(model: "SentenceTransformer", batch: Sequence[Lesson]) -> "Tensor":
    """Return the cross-entropy of passages, of their texts and of their sentences, all against the whole batch.

    All vectors of a passage are pooled from one pass over it, as a build does it.
    """
    import torch

    questions = torch.cat(_vectors(model, [EncoderInput(one.question) for one in batch]))
    vectors = _vectors(model, [lesson.passages[n] for n in range(1 + NEGATIVES) for lesson in batch])
    is_right = torch.eye(len(batch), len(vectors), dtype=torch.bool)
    whole = torch.stack([one[min(1, len(one) - 1)] for one in vectors])
    loss = _cross_entropy(questions, whole, is_right)
    if any(one.right for one in batch):
        loss = loss + BODY_SHARE * _cross_entropy(questions, torch.stack([one[0] for one in vectors]), is_right)
        # A passage that is one sentence has no vector of its own for it.
        sentences = [one[2:] if len(one) > 2 else one[1:] for one in vectors]
        answering = torch.zeros(len(batch), sum(map(len, sentences)), dtype=torch.bool)
        starts = np.cumsum([0, *map(len, sentences)]).tolist()
        for row, lesson in enumerate(batch):
            answering[row, [starts[row] + each for each in lesson.right]] = True
        asked = answering.any(dim=1)
        loss = loss + _cross_entropy(questions[asked], torch.cat(sentences), answering[asked])
    return loss


def _cross_entropy(questions: "Tensor", texts: "Tensor", is_right: "Tensor") -> "Tensor":
    """Return the mean of -log of the share of the softmax over all texts that falls on right ones."""
    scores = SCALE * questions @ texts.T
    right = scores.masked_fill(~is_right, float("-inf"))
    return (scores.logsumexp(1) - right.logsumexp(1)).mean()


def _vectors(model: "SentenceTransformer", inputs: Sequence[EncoderInput]) -> "list[Tensor]":
    """Return the unit vectors of each input, with gradients; texts of similar length are encoded together."""
    import torch

    found: dict[int, Tensor] = {}
    order = sorted(range(len(inputs)), key=lambda n: len(inputs[n].whole))
    for start in range(0, len(order), TOGETHER):
        some = order[start : start + TOGETHER]
        read = model.tokenizer(
            [inputs[n].whole for n in some], truncation=True, max_length=MAX_TOKENS, padding=True,
            return_offsets_mapping=True, return_tensors="pt",
        )  # fmt: skip
        with torch.autocast("cpu", torch.bfloat16, enabled=multiplies_bfloat16()):
            tokens = model[0].auto_model(read["input_ids"], read["attention_mask"]).last_hidden_state.float()
        for n, own, offsets, mask in zip(some, tokens, read["offset_mapping"], read["attention_mask"], strict=True):
            masks = torch.from_numpy(part_masks(inputs[n], offsets.numpy())).float() * mask
            found[n] = torch.nn.functional.normalize(masks @ own, dim=1)
    return [found[n] for n in range(len(inputs))]


def _factors(change: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return two 16-bit matrices of rank `RANK` whose product is nearest to a change of weights (Eckart and Young)."""
    from torch.linalg import svd

    left, singular, right = svd(change, full_matrices=False)
    root = singular[:RANK].sqrt()
    return (root[:, None] * right[:RANK]).half().contiguous(), (left[:, :RANK] * root).half().contiguous()


def write_adapter(factors: "dict[str, Tensor]", adapter: Path) -> None:
    """Write an adapter to be added with the weight `SHARE`, in PEFT's format."""
    from safetensors.torch import save_file

    adapter.mkdir(parents=True, exist_ok=True)
    save_file(factors, adapter / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA", "r": RANK, "lora_alpha": round(SHARE * RANK, 4), "lora_dropout": 0.0, "bias": "none",
        "fan_in_fan_out": False, "base_model_name_or_path": DEFAULT_MODEL, "inference_mode": True,
        "target_modules": r"encoder\..*\.(query|key|value|dense)",
    }  # fmt: skip
    (adapter / "adapter_config.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
