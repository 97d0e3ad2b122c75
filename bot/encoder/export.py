"""From sentence-transformers to ONNX: what asking, and building again, need instead of torch."""

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
from bot.encoder.question import GRAPH, SETTINGS, QuestionEncoderKind
from bot.encoder.sentence import SentenceEncoder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SAME_FLOOR = 0.9999
"""The least cosine between the exported float32 graph's vectors and the original's; below it the export is not used."""

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_EXPORT_FAILURES = (
    RuntimeError,
    TypeError,
    ValueError,
    KeyError,
    AttributeError,
    NotImplementedError,
    ModuleNotFoundError,
)
"""What torch's exporter and the quantiser raise for a model whose graph they cannot write: a list found by trying, as they name none."""


def export_encoder(
    encoder: SentenceEncoder, folder: Path, weights: str, samples: Sequence[str]
) -> ExportedEncoder | None:
    """Export a model into a new folder, in place of what is there; None when its graph cannot be written or gives other vectors for `samples`."""
    unfinished = folder.with_name(f".{folder.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        with _plain_attention(encoder.model):
            _export_onnx(encoder.model, unfinished / FLOAT32)
        _fuse(unfinished / FLOAT32, encoder.model)
        _quantise(unfinished / FLOAT32, unfinished / INT8)
    except _EXPORT_FAILURES:
        shutil.rmtree(unfinished)
        return None
    (unfinished / TOKENIZER).write_text(encoder.model.tokenizer.backend_tokenizer.to_str(pretty=True), encoding="utf-8")
    prompts = encoder.model.prompts
    exported = ExportedEncoder.describe(
        unfinished, encoder.name, weights, query=prompts.get("query") or "", document=prompts.get("document") or "",
        length_limit=encoder.length_limit, max_tokens=encoder.max_tokens,
    )  # fmt: skip
    cosines = np.sum(exported.encode_questions(samples) * encoder.encode_questions(samples), axis=1)
    if cosines.min(initial=1.0) < SAME_FLOOR:
        shutil.rmtree(unfinished)
        return None
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)
    found = ExportedEncoder(folder, exported.settings)
    found.original = encoder
    return found


def write_question_encoder(folder: Path, kind: QuestionEncoderKind, encoder: PassageEncoder) -> None:
    """Write into a folder, in place of what is there, the question encoder of an exported model, or what refers to the encoder by its name."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    if isinstance(encoder, ExportedEncoder):
        shutil.copyfile(encoder.folder / (INT8 if kind == "onnx-int8" else FLOAT32), folder / GRAPH)
        shutil.copyfile(encoder.folder / TOKENIZER, folder / TOKENIZER)
        settings: dict[str, object] = {"prompt": encoder.settings.query, "max_tokens": encoder.settings.length_limit}
    else:
        settings = {"model": encoder.name}
    (folder / SETTINGS).write_text(json.dumps(settings), encoding="utf-8")


def _export_onnx(model: "SentenceTransformer", graph: Path) -> None:
    """Write the whole pipeline (transformer, pooling, normalisation) as one graph."""
    import torch

    class Pipeline(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            vectors = self.model(dict(zip(names, tensors, strict=True)))["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, dim=-1)

    sample = model.preprocess(["a question of some words", "another"])
    names = [name for name in _INPUTS if name in sample]
    axes = {name: {0: "texts", 1: "tokens"} for name in names} | {"vector": {0: "texts"}}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter(
            "ignore"
        )  # The exporter's own: deprecations, and branches that are constant for these models.
        torch.onnx.export(
            Pipeline().eval(), tuple(sample[name].to(model.device) for name in names), str(graph), input_names=names, output_names=["vector"],
            dynamic_axes=axes, opset_version=17, dynamo=False,
        )  # fmt: skip


@contextmanager
def _plain_attention(model: "SentenceTransformer") -> Iterator[None]:
    """Attention written out step by step, in the form that onnxruntime's optimizer knows; models without the choice stay as they are."""
    transformer = getattr(model[0], "auto_model", None)
    used = getattr(getattr(transformer, "config", None), "_attn_implementation", None)
    if transformer is None or used is None:
        yield
        return
    transformer.set_attn_implementation("eager")
    try:
        yield
    finally:
        transformer.set_attn_implementation(used)


def _fuse(graph: Path, model: "SentenceTransformer") -> None:
    """Put one node in place of the many of each attention and activation; what has another form stays."""
    from onnxruntime.transformers import optimizer
    from onnxruntime.transformers.fusion_options import FusionOptions

    options = FusionOptions("bert")
    # Their kernels take longer than what they replace for as few tokens as a question has.
    options.enable_skip_layer_norm = options.enable_bias_skip_layer_norm = options.enable_embed_layer_norm = False
    config = getattr(getattr(model[0], "auto_model", None), "config", None)
    heads, size = (int(getattr(config, name, 0) or 0) for name in ("num_attention_heads", "hidden_size"))
    with _quiet():
        fused = optimizer.optimize_model(
            str(graph), model_type="bert", num_heads=heads, hidden_size=size, optimization_options=options, opt_level=0
        )
    fused.save_model_to_file(str(graph))


def _quantise(plain: Path, small: Path) -> None:
    from onnx import TensorProto
    from onnxruntime.quantization import QuantType, quantize_dynamic

    # 7-bit weights, one scale per channel: 8-bit products overflow on processors without VNNI, and an index may move to one.
    with _quiet():
        quantize_dynamic(
            str(plain), str(small), weight_type=QuantType.QInt8, per_channel=True, reduce_range=True,
            extra_options={"DefaultTensorType": TensorProto.FLOAT},
        )  # fmt: skip


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the advice that onnxruntime's tools log about graphs such as these."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
