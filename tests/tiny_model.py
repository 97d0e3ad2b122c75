"""A tiny real sentence-transformers model: BERT with one layer and random weights, for tests that need no meaning."""

from pathlib import Path

import numpy as np

from bot.encoder.model import PROJECTION
from bot.encoder.tokens import TOKEN_DIMENSION

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!:;-|#()"


def make_tiny_reranker(folder: Path) -> Path:
    """Save a CrossEncoder of the same size, which gives a pair of texts one score, in a folder."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=_save_tokenizer(folder), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=64, num_labels=1, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def _save_tokenizer(folder: Path) -> int:
    """Save a tokenizer of letters and return the number of its tokens."""
    from transformers import BertTokenizerFast

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    (folder / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    return len(vocabulary)


def make_tiny_model(folder: Path, seed: int = 0) -> Path:
    """Save a model of 16 dimensions and 64 tokens, whose words are letters, into a new folder, with a projection."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    plain = folder / "bert"
    plain.mkdir(parents=True)
    config = BertConfig(
        vocab_size=_save_tokenizer(plain),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=64)
    model = SentenceTransformer(
        modules=[transformer, Pooling(transformer.get_embedding_dimension()), Normalize()], device="cpu"
    )
    model.save(str(folder / "model"))
    np.save(folder / "model" / PROJECTION, np.eye(16, TOKEN_DIMENSION, dtype=np.float16))
    return folder / "model"
