"""Write the projection of the token vectors of the default model, and of models in folders.

usage: python -m benchmarks.quality.token_projection [MODEL_FOLDER ...]

A principal component analysis, not centred, of the tokens of content words in the passages of `websites/`: the
directions along which these vectors are longest. Prints the share of their squared length that it keeps.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.quality.fit_reader import WEBSITES
from bot.build.workers import LocalWorkers
from bot.corpus.corpus import FolderSource
from bot.encoder import EncoderInput, SentenceEncoder
from bot.encoder.encoder_input import encode_inputs
from bot.encoder.model import ADAPTER, write_projection
from bot.encoder.tokens import TOKEN_DIMENSION, Projection
from bot.index.generation import passage_input
from bot.settings import DEFAULT_MODEL, BuildSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    arguments = parser.parse_args()
    encoder, limit = SentenceEncoder(), BuildSettings().passage_tokens
    websites = (FolderSource(path) for path in sorted(WEBSITES.iterdir()) if path.is_dir())
    inputs = [passage_input(one) for website in websites for one in LocalWorkers().passages(website, encoder, limit)]
    for folder in arguments.folders or [ADAPTER]:
        encoder = SentenceEncoder(DEFAULT_MODEL if folder == ADAPTER else str(folder))
        write_projection(folder, _projection(encoder, inputs))


def _projection(encoder: SentenceEncoder, inputs: Sequence[EncoderInput]) -> Projection:
    encoder.projection = np.eye(encoder.dimension, dtype=np.float32)
    tokens = np.concatenate([own.tokens.vectors for own in encode_inputs(encoder, inputs)]).astype(np.float32)
    tokens /= np.linalg.norm(tokens, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(tokens.T @ tokens / len(tokens))
    print(f"{encoder.name}: {100 * values[-TOKEN_DIMENSION:].sum() / values.sum():.1f} % of {len(tokens)} tokens")
    return vectors[:, ::-1][:, :TOKEN_DIMENSION]


if __name__ == "__main__":
    main()
