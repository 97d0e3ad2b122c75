"""The adapter of the packaged model: what teaching it changed (Hu et al. 2021), in the format of PEFT.

`benchmarks/quality/teach_encoder.py` writes it; `bot/encoder/taught/README.md` says from which data.
"""

import json
from typing import TYPE_CHECKING

from bot.encoder.model import ADAPTER, ADAPTER_WEIGHTS

if TYPE_CHECKING:
    from torch.nn import Module

_CONFIG, _PREFIX = ADAPTER / "adapter_config.json", "base_model.model."


def add_adapter(model: "Module") -> None:
    """Add the adapter to the weights of the packaged model's transformer."""
    from safetensors.torch import load_file

    settings = json.loads(_CONFIG.read_text(encoding="utf-8"))
    factors, scale = load_file(ADAPTER_WEIGHTS), settings["lora_alpha"] / settings["r"]
    for name, first in factors.items():
        if name.endswith(".lora_A.weight"):
            second = factors[name.replace(".lora_A.", ".lora_B.")]
            weight = model.get_parameter(name.removeprefix(_PREFIX).replace(".lora_A.", "."))
            weight.data += scale * (second.float() @ first.float())
