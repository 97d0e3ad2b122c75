"""The adapter of the packaged model: what teaching it changed (Hu et al. 2021), in the format of PEFT.

`benchmarks/quality/teach_encoder.py` writes it; `bot/encoder/taught/README.md` says from which data.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bot.encoder.model import ADAPTER, ADAPTER_WEIGHTS

if TYPE_CHECKING:
    from torch.nn import Module

_CONFIG, _PREFIX = ADAPTER / "adapter_config.json", "base_model.model."


def adapter_changes() -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Yield the names of the transformer's weights that the adapter changes, and what it adds to them."""
    from safetensors.numpy import load_file

    settings = json.loads(_CONFIG.read_text(encoding="utf-8"))
    factors, scale = load_file(ADAPTER_WEIGHTS), np.float32(settings["lora_alpha"] / settings["r"])
    for name, first in factors.items():
        if name.endswith(".lora_A.weight"):
            second = factors[name.replace(".lora_A.", ".lora_B.")]
            weight = name.removeprefix(_PREFIX).replace(".lora_A.", ".")
            yield weight, scale * (second.astype(np.float32) @ first.astype(np.float32))


def add_adapter(model: "Module") -> None:
    """Add the adapter to the weights of the packaged model's transformer."""
    import torch

    for name, change in adapter_changes():
        weight = model.get_parameter(name)
        weight.data += torch.from_numpy(change).to(weight.device)
