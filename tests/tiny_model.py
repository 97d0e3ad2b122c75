"""A tiny real sentence-transformers model: BERT of one layer with random weights, for tests of wiring, not of meaning."""

from pathlib import Path

import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
from transformers import BertConfig, BertModel, BertTokenizerFast

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,?!:;-|#()"


def make_tiny_model(folder: Path, seed: int = 0) -> Path:
    """Save a model of 16 dimensions and 64 tokens, whose words are letters, into a new folder."""
    torch.manual_seed(seed)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *LETTERS, *(f"##{letter}" for letter in LETTERS)]
    plain = folder / "bert"
    plain.mkdir(parents=True)
    (plain / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    BertTokenizerFast(vocab=str(plain / "vocab.txt"), model_max_length=64).save_pretrained(plain)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, max_position_embeddings=64
    )
    BertModel(config).save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=64)
    model = SentenceTransformer(modules=[transformer, Pooling(transformer.get_embedding_dimension()), Normalize()], device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"
