"""The packaged model as an ONNX graph, made from its files: building and asking need no torch.

The graph computes what sentence-transformers does with the model: BERT, the mean of the token vectors, length 1. The
model's weights are known by their hash, so its other properties, such as its activation, cannot differ.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.encoder.export import begin_export, finish_export, quantise
from bot.encoder.exported import FLOAT32, INT8, TOKENIZER, ExportedEncoder
from bot.encoder.graph import TOKENS, VECTOR, open_tokenizer
from bot.encoder.model import adapter_changes, find_model
from bot.errors import requires
from bot.settings import DEFAULT_MODEL

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_OPSET, _IR_VERSION = 17, 8
_FUSED = "com.microsoft"  # the domain of onnxruntime's own operators


def export_packaged(folder: Path, weights: str) -> ExportedEncoder:
    """Replace `folder` with an export of the packaged model. Raises `MissingExtra` if a package is not installed."""
    source = find_model(DEFAULT_MODEL)
    unfinished = begin_export(folder)
    with requires(None, "build"):
        import onnx
        from safetensors.numpy import load_file

        tensors = load_file(source / "model.safetensors")
        for name, change in adapter_changes():
            tensors[name] = tensors[name] + change
        onnx.save(_BertGraph(tensors, _read_json(source / "config.json")).model(), unfinished / FLOAT32)
        quantise(unfinished / FLOAT32, unfinished / INT8)
    shutil.copyfile(source / "tokenizer.json", unfinished / TOKENIZER)
    limit = int(_read_json(source / "sentence_bert_config.json")["max_seq_length"])
    special = open_tokenizer(unfinished / TOKENIZER, None).num_special_tokens_to_add(False)
    ExportedEncoder.describe(
        unfinished, name=DEFAULT_MODEL, weights=weights, length_limit=limit, max_tokens=limit - special, pools=True
    )
    return finish_export(unfinished, folder)


def _read_json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


class _BertGraph:
    """Builds the graph, with the fused operators that onnxruntime's optimizer finds in an export of torch."""

    def __init__(self, tensors: Mapping[str, NDArray[np.float32]], config: Mapping[str, Any]) -> None:
        self._tensors, self._config = tensors, config
        self._nodes: list[NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}

    def model(self) -> "ModelProto":
        from onnx import TensorProto, helper, numpy_helper

        hidden = self._encode()
        self._add("Identity", hidden, output=TOKENS)
        self._pool(hidden)
        describe, size = helper.make_tensor_value_info, self._config["hidden_size"]
        inputs = [describe(name, TensorProto.INT64, ["texts", "tokens"]) for name in ("input_ids", "attention_mask")]
        shapes = {VECTOR: ["texts", size], TOKENS: ["texts", "tokens", size]}
        outputs = [describe(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
        constants = [numpy_helper.from_array(value, name) for name, value in self._constants.items()]
        graph = helper.make_graph(self._nodes, "packaged", inputs, outputs, constants)
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION)

    def _encode(self) -> str:
        """Add embeddings and layers; return the name of the tokens' vectors."""
        lengths = self._add("ReduceSum", self._add("Cast", "attention_mask", to=6), self._integers(1), keepdims=0)
        hidden = self._embed()
        for number in range(self._config["num_hidden_layers"]):
            layer = f"encoder.layer.{number}."
            attention = self._attend(hidden, f"{layer}attention.self.", lengths)
            hidden = self._project_and_add(attention, hidden, f"{layer}attention.output.")
            inner = self._multiply(hidden, f"{layer}intermediate.dense.")
            active = self._add("BiasGelu", inner, self._bias(f"{layer}intermediate.dense."), domain=_FUSED)
            hidden = self._project_and_add(active, hidden, f"{layer}output.")
        return hidden

    def _embed(self) -> str:
        words = self._constant("words", self._tensors["embeddings.word_embeddings.weight"])
        # A text is one segment, so its type is the same for all tokens.
        types = self._tensors["embeddings.token_type_embeddings.weight"]
        places = self._tensors["embeddings.position_embeddings.weight"] + types[0]
        count = self._add("Shape", "input_ids", start=1, end=2)
        numbers = self._constant("numbers", np.arange(len(places)))
        shown = self._add("Slice", numbers, self._integers(0), count, self._integers(0))
        parts = self._add("Gather", words, "input_ids"), self._add("Gather", self._constant("places", places), shown)
        return self._normalise(self._add("Add", *parts), "embeddings.")

    def _attend(self, hidden: str, name: str, lengths: str) -> str:
        parts = ("query", "key", "value")
        weight = np.concatenate([self._tensors[f"{name}{part}.weight"].T for part in parts], axis=1)
        bias = np.concatenate([self._tensors[f"{name}{part}.bias"] for part in parts])
        constants = self._constant(f"{name}weight", weight), self._constant(f"{name}bias", bias)
        return self._add(
            "Attention", hidden, *constants, lengths, domain=_FUSED, num_heads=self._config["num_attention_heads"]
        )

    def _project_and_add(self, inner: str, hidden: str, name: str) -> str:
        projected = self._add("Add", self._multiply(inner, f"{name}dense."), self._bias(f"{name}dense."))
        return self._normalise(self._add("Add", projected, hidden), name)

    def _multiply(self, left: str, name: str) -> str:
        return self._add("MatMul", left, self._constant(f"{name}weight", self._tensors[f"{name}weight"].T))

    def _bias(self, name: str) -> str:
        return self._constant(f"{name}bias", self._tensors[f"{name}bias"])

    def _normalise(self, hidden: str, name: str) -> str:
        names = (f"{name}LayerNorm.{each}" for each in ("weight", "bias"))
        parts = [self._constant(each, self._tensors[each]) for each in names]
        return self._add("LayerNormalization", hidden, *parts, axis=-1, epsilon=self._config["layer_norm_eps"])

    def _pool(self, hidden: str) -> None:
        """Add the sum of the tokens' vectors, scaled to length 1: it has the direction of their mean."""
        mask = self._add("Unsqueeze", self._add("Cast", "attention_mask", to=1), self._integers(-1))
        total = self._add("ReduceSum", self._add("Mul", hidden, mask), self._integers(1), keepdims=0)
        self._add("LpNormalization", total, output=VECTOR, axis=-1, p=2)

    def _integers(self, *values: int) -> str:
        return self._constant(f"integers {values}", np.array(values, np.int64))

    def _constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants[name] = np.ascontiguousarray(value)
        return name

    def _add(self, kind: str, *inputs: str, output: str = "", domain: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the name of the output."""
        from onnx import helper

        output = output or f"{kind} {len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output
