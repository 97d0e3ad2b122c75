"""What does teaching the encoder gain, on articles and sets that it was not taught with?

usage: python -m benchmarks.quality.taught_encoder DATA_FOLDER ENCODERS [--folds N]

ENCODERS holds what `teach_encoder` wrote without fold 0, 1 and 2. Each cosine alone: the share of answer_words's
questions of left-out articles whose right passage, and right sentence, is the nearest within its article and over all
articles; and nDCG@10 of the sets that were left out or are never taught with.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.quality.teach_encoder import FOLDS, SETS, is_taught, read_passages
from benchmarks.shared.question_sets import PAGES, ndcg, read_gains, read_json_lines, read_questions
from bot.encoder.model import find_model
from bot.encoder.sentence import SentenceEncoder
from bot.languages.normalization import words_only
from bot.passages import context_and_text
from bot.settings import DEFAULT_MODEL

NEVER_TAUGHT = ("hint3_sofmattress", "myscheme_dev", "rasa_sara")
MOST = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("encoders", type=Path)
    parser.add_argument("--folds", type=int, default=FOLDS)
    arguments = parser.parse_args()
    packaged = SentenceEncoder(str(find_model(DEFAULT_MODEL)))
    for fold in range(arguments.folds):
        taught = SentenceEncoder(str(arguments.encoders / f"fold{fold}" / "model"))
        names = [name for place, name in enumerate(SETS) if not is_taught(place, fold)]
        for label, encoder in (("packaged", packaged), ("taught", taught)):
            print(f"fold {fold} {label}: {words_figures(arguments.data / 'answer_words', encoder, fold)}", flush=True)
            sets = (f"{name} {set_figure(arguments.data / name, encoder):.1f}" for name in (*names, *NEVER_TAUGHT))
            print(f"fold {fold} {label}: {', '.join(sets)}", flush=True)


def words_figures(data: Path, encoder: SentenceEncoder, fold: int) -> str:
    passages = [one for own in read_passages(data, encoder).values() for one in own]
    owner = np.array([one.article.id for one in passages])
    places = {row["id"]: place for place, row in enumerate(read_json_lines(data / "corpus.jsonl"))}
    asked = [row for row in read_json_lines(data / "questions.jsonl") if row["words"]]
    asked = [row for row in asked if not is_taught(places[row["article"]], fold)]
    cosines = (
        encoder.encode_questions([row["question"] for row in asked])
        @ encoder.encode_passages([context_and_text(one) for one in passages]).T
    )
    texts = [words_only(one.text) for one in passages]
    within, everywhere = [], []
    for row, own in zip(asked, cosines, strict=True):
        words = words_only(row["words"])
        within.append(words in texts[int(np.argmax(np.where(owner == row["article"], own, -1)))])
        everywhere.append(words in texts[int(np.argmax(own))])
    return f"right passage {100 * np.mean(within):.1f} within, {100 * np.mean(everywhere):.1f} over all, n {len(asked)}"


def set_figure(data: Path, encoder: SentenceEncoder) -> float:
    rows, gains = read_json_lines(data / "corpus.jsonl"), read_gains(data)
    asked = [
        one for one in read_questions(data) if one["_id"] in gains and one.get("kind", "standalone") == "standalone"
    ]
    asked = asked[:: max(1, len(asked) // MOST)]
    is_page = data.name in PAGES
    texts = [f"{row['title']}\n{row['text'][:600]}" if is_page or row["text"] else row["title"] for row in rows]
    cosines = encoder.encode_questions([one["text"] for one in asked]) @ encoder.encode_passages(texts).T
    names = np.array([row["_id"] for row in rows])
    ranked = (names[np.argsort(-own)[:10]].tolist() for own in cosines)
    return 100 * float(np.mean([ndcg(order, gains[one["_id"]]) for order, one in zip(ranked, asked, strict=True)]))


if __name__ == "__main__":
    main()
