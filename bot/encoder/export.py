"""Export of a sentence-transformers model to ONNX, so that asking, and building again, need no torch."""

import json
import logging
import shutil
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bot.encoder.encoder import PassageEncoder
from bot.encoder.exported import FLOAT32, INT8, TOKENIZER, ExportedEncoder
from bot.encoder.graph import TOKENS, VECTOR
from bot.encoder.model import write_projection
from bot.encoder.question import GRAPH, SETTINGS, QuestionEncoderKind
from bot.encoder.sentence import SentenceEncoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

MIN_COSINE = 0.9999
"""Minimum cosine between the vectors of the float32 export and of the original; below it the export is rejected."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_FAILURES = (RuntimeError, TypeError, ValueError, KeyError, AttributeError, NotImplementedError, ModuleNotFoundError)
"""Exceptions of torch's exporter and the quantiser for an unsupported model; undocumented, so found by trial."""


def export_encoder(
    encoder: SentenceEncoder, folder: Path, weights: str, samples: Sequence[str]
) -> ExportedEncoder | None:
    """Replace `folder` with an export of a model; return None if that fails, or gives other vectors for `samples`."""
    unfinished = begin_export(folder)
    exported = _write_export(encoder, unfinished, weights)
    if exported is None or not _is_faithful(exported, encoder, samples):
        shutil.rmtree(unfinished)
        return None
    finished = finish_export(unfinished, folder)
    finished.original = encoder
    return finished


def begin_export(folder: Path) -> Path:
    """Return a new empty folder beside `folder`, for an export that `finish_export` moves there."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    return unfinished


def finish_export(unfinished: Path, folder: Path) -> ExportedEncoder:
    """Replace `folder` with a complete export, and open it."""
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    return ExportedEncoder.open(folder)


def _write_export(encoder: SentenceEncoder, folder: Path, weights: str) -> ExportedEncoder | None:
    try:
        with _plain_attention(encoder.model):
            _export_onnx(encoder.model, folder / FLOAT32)
        _fuse(folder / FLOAT32, encoder.model)
        quantise(folder / FLOAT32, folder / INT8)
    except _FAILURES:
        return None
    (folder / TOKENIZER).write_text(encoder.model.tokenizer.backend_tokenizer.to_str(pretty=True), encoding="utf-8")
    query, document = (encoder.model.prompts.get(name) or "" for name in ("query", "document"))
    ExportedEncoder.describe(
        folder, name=encoder.name, weights=weights, query=query, document=document,
        length_limit=encoder.length_limit, max_tokens=encoder.max_tokens, pools=encoder.pools,
    )  # fmt: skip
    return ExportedEncoder.open(folder)


def _is_faithful(exported: ExportedEncoder, encoder: SentenceEncoder, samples: Sequence[str]) -> bool:
    cosines = np.sum(exported.encode_questions(samples) * encoder.encode_questions(samples), axis=1)
    return bool(cosines.min(initial=1.0) >= MIN_COSINE)


def write_question_encoder(folder: Path, kind: QuestionEncoderKind, encoder: PassageEncoder) -> None:
    """Write a question encoder to `folder`, replacing its content: an exported model, or the name of the encoder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if isinstance(encoder, ExportedEncoder):
        shutil.copyfile(encoder.folder / (INT8 if kind == "onnx-int8" else FLOAT32), folder / GRAPH)
        shutil.copyfile(encoder.folder / TOKENIZER, folder / TOKENIZER)
        write_projection(folder, encoder.projection)
        settings: dict[str, object] = {"prompt": encoder.settings.query, "max_tokens": encoder.settings.length_limit}
    else:
        settings = {"model": encoder.name}
    (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def _export_onnx(model: "SentenceTransformer", graph: Path) -> None:
    """Write the whole pipeline (transformer, pooling, normalisation) as one graph, with the tokens' vectors."""
    import torch

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            found = self.model(dict(zip(names, tensors, strict=True)))
            return torch.nn.functional.normalize(found["sentence_embedding"], dim=-1), found["token_embeddings"]

    sample = model.preprocess(["a question of some words", "another"])
    names = [name for name in _INPUTS if name in sample]
    tensors = tuple(sample[name].to(model.device) for name in names)
    axes = {name: {0: "texts", 1: "tokens"} for name in names} | {VECTOR: {0: "texts"}}
    axes[TOKENS] = {0: "texts", 1: "tokens"}
    with warnings.catch_warnings(), torch.no_grad():
        # The exporter warns of its own deprecations, and of branches that are constant for these models.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Pipeline().eval(), tensors, str(graph), input_names=names, output_names=[VECTOR, TOKENS],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip


@contextmanager
def _plain_attention(model: "SentenceTransformer") -> Iterator[None]:
    """Switch to eager attention, the form that onnxruntime's optimizer recognises, while the body runs."""
    transformer = getattr(model[0], "auto_model", None)
    before = getattr(getattr(transformer, "config", None), "_attn_implementation", None)
    if transformer is None or before is None:
        yield
        return
    transformer.set_attn_implementation("eager")
    try:
        yield
    finally:
        transformer.set_attn_implementation(before)


def _fuse(graph: Path, model: "SentenceTransformer") -> None:
    """Replace the nodes of each attention and activation by a fused one; unknown forms stay."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    # These kernels are slower than the nodes they replace, for inputs as short as a question.
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = options.enable_embed_layer_norm = False
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    heads, size = (int(getattr(config, name, 0) or 0) for name in ("num_attention_heads", "hidden_size"))
    with _onnxruntime_silenced():
        optimizer.optimize_model(str(graph), "bert", heads, size, options, opt_level=0).save_model_to_file(str(graph))


def quantise(plain: Path, small: Path) -> None:
    """Write a graph with 7-bit weights."""
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # 7-bit weights, one scale per channel: 8-bit products overflow on processors without VNNI, and an index may move
    # to one.
    with _onnxruntime_silenced():
        quantize_dynamic(
            str(plain), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )  # fmt: skip


@contextmanager
def _onnxruntime_silenced() -> Iterator[None]:
    """Drop the advice that onnxruntime's tools log, through their own loggers and through the root logger."""
    tools, root = logging.getLogger("onnxruntime"), logging.getLogger()
    level = tools.level
    tools.setLevel(logging.ERROR)
    root.addFilter(_is_not_advice)
    try:
        yield
    finally:
        root.removeFilter(_is_not_advice)
        tools.setLevel(level)


def _is_not_advice(record: logging.LogRecord) -> bool:
    return record.levelno > logging.WARNING or "onnxruntime" not in record.pathname
