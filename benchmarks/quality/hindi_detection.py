"""How well, and how fast, are questions in Hindi and Hinglish distinguished from English ones?

usage: python -m benchmarks.quality.hindi_detection DATA_FOLDER

DATA_FOLDER holds the folders of fit_ranking.py and hinglish_top (Hinglish commands, the same in English). The methods
are the rule of bot.languages.hindi.rewriting, lingua, and a classifier by letters that is fitted on hinglish_top after
the first 400 questions and on half of the English questions. Needs the package lingua-language-detector.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from spellchecker import SpellChecker

from benchmarks.quality.fit_hindi import REPORTED
from benchmarks.quality.hindi import SHIPPED, read_csv
from benchmarks.quality.hindi_methods import WordList
from benchmarks.shared.question_sets import read_questions
from benchmarks.shared.timing import machine, seconds
from bot.languages.hindi.rewriting import HindiRewriter

Detect = Callable[[str], bool]
"""Whether a question is in Hindi or Hinglish."""
ENGLISH = (
    "stackfaq", "jhu_covidfaq", "rasa_sara", "hint3_sofmattress", "clinc150_oos", "myscheme_dev", "mtrag_govt",
    "xquad_en", "epfo_faq", "canard_dev", "dl_typo",
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    print(machine())
    print_detection(parser.parse_args().data)


def print_detection(data: Path) -> None:
    """Print the share of each set that each method takes for Hindi or Hinglish."""
    english = {name: [question["text"] for question in read_questions(data / name)] for name in ENGLISH}
    hinglish = [question["text"] for question in read_questions(data / "hinglish_top")]
    sets = {name: texts[1::2] for name, texts in english.items()} | {"hinglish_top": hinglish[:REPORTED]}
    sets |= {name: [row["question"] for row in read_csv(name)] for name in SHIPPED}
    rule = HindiRewriter(WordList(SpellChecker().__contains__, [])).detect
    has_hindi_letters = _letter_classifier(
        hinglish[REPORTED:], [text for some in english.values() for text in some[::2]]
    )
    methods: dict[str, Detect] = {
        "rule": lambda text: rule(text) is not None,
        "lingua": _lingua(),
        "letters": lambda text: has_hindi_letters(text) or rule(text) == "hi",
    }
    print(f"\n## Taken for Hindi or Hinglish, percent of the questions\n\n| set | {' | '.join(methods)} |")
    print(f"| --- {'| --- ' * len(methods)}|")
    for name, texts in sets.items():
        shares = (100 * np.mean([detect(text) for text in texts]) for detect in methods.values())
        print(f"| {name} ({len(texts)}) | {' | '.join(f'{share:.2f}' for share in shares)} |")
    sample = [text for texts in sets.values() for text in texts][:300]
    times = (seconds(lambda detect=detect: list(map(detect, sample))) / len(sample) for detect in methods.values())
    print(f"| µs per question | {' | '.join(f'{1e6 * each:.0f}' for each in times)} |")


def _letter_classifier(hinglish: list[str], english: list[str]) -> Detect:
    texts, labels = [*hinglish, *english], np.repeat([1, 0], [len(hinglish), len(english)])
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True).fit(texts)
    classifier = LogisticRegression(C=30, max_iter=500).fit(letters.transform(texts), labels)
    return lambda text: bool(classifier.predict(letters.transform([text]))[0])


def _lingua() -> Detect:
    from lingua import Language, LanguageDetectorBuilder

    builder = LanguageDetectorBuilder.from_languages(Language.ENGLISH, Language.HINDI)
    detector = builder.with_preloaded_language_models().build()
    return lambda text: detector.detect_language_of(text) == Language.HINDI


if __name__ == "__main__":
    main()
