"""Texts into token ids, by Hugging Face's ``tokenizers``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from onward.errors import InputError, optional
from onward.transform import TextTransform


class Tokens:
    """A tokenizer made ready: every text becomes as many ids as the model takes."""

    def __init__(self, transform: TextTransform) -> None:
        """Take the tokenizer that the transform holds.

        Raises:
            MissingExtraError: when the library is not installed.
            InputError: when it does not understand the tokenizer.
        """
        library = optional("tokenizers", "huggingface", "reading texts")
        try:
            self._tokenizer = library.Tokenizer.from_str(transform.tokenizer)
            self._tokenizer.enable_truncation(transform.length)
            self._tokenizer.enable_padding(length=transform.length, pad_id=transform.pad)
        except Exception as error:  # the library raises nothing narrower
            raise InputError(f"the model's tokenizer cannot be used: {error}") from error

    def of(self, texts: Sequence[str | None]) -> np.ndarray:
        """Return the ids of some texts, (b, length) int32; a missing text is an empty one."""
        encoded = self._tokenizer.encode_batch([text or "" for text in texts])
        return np.array([one.ids for one in encoded], np.int32)
