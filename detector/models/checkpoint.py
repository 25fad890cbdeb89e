"""Save and load a detector: its name, config and weights in one safetensors file, which cannot run code."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import Tensor

from detector.categories import DIGITS
from detector.errors import OptionError, WeightsError
from detector.files import appearing
from detector.models.base import Detector, DetectorConfig, device_of
from detector.models.registry import DETECTORS

FORMAT = "digit-reader 1"
"""What a weights file says it is."""


def save(path: Path, model_name: str, model: Detector, extra: dict[str, Any], half: bool = False) -> None:
    """Write a detector so that `load` gives it back; the file appears whole or not at all.

    model_name: what the registry calls it. extra: anything JSON holds, for instance what the weights were trained on.
    half: whether matrices and kernels are stored as float16, half the size; norms and biases stay as they are. Raises
    WeightsError where a weight is not finite, OptionError where the file cannot be written.
    """
    tensors = {}
    for name, tensor in model.state_dict().items():
        stored = tensor.half() if half and tensor.is_floating_point() and tensor.dim() > 1 else tensor
        if not torch.isfinite(stored).all():
            raise WeightsError(f"{path}: expected finite weights, got NaN or infinity in {name}; nothing was written.")
        tensors[name] = stored.contiguous()
    metadata = {
        "format": FORMAT,
        "model": model_name,
        "config": json.dumps(dataclasses.asdict(model.config)),
        "extra": json.dumps(extra),
    }
    _write(path, tensors, metadata)


def load(path: Path | str, device: str | torch.device = "cpu") -> tuple[str, Detector, dict[str, Any]]:
    """The name, the detector (float32, in eval mode) and the extra that `save` was given.

    Raises WeightsError where the file is missing, damaged, not written by `save`, or does not fit its model.
    """
    metadata, tensors = _read(Path(path))
    if metadata.get("format") != FORMAT:
        raise WeightsError(
            f"{path}: expected weights of this project ({FORMAT}), got {metadata.get('format', 'something else')!r}; "
            "give a file that tools/train_detector.py wrote."
        )
    name = metadata.get("model", "")
    if name not in DETECTORS:
        raise WeightsError(f"{path}: expected a model among {', '.join(DETECTORS)}, got {name!r}; update the project.")
    try:
        stored = {key: _as_tuple(value) for key, value in json.loads(metadata["config"]).items()}
        config = _before(DETECTORS[name].config) | stored
        extra = json.loads(metadata["extra"])
        model = DETECTORS[name].build(DETECTORS[name].config(**config))
        model.load_state_dict(tensors)
        model.name = name
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        reason = str(error).split("\n\t")[0].strip()
        raise WeightsError(
            f"{path}: the weights do not fit the {name} of this version ({reason}); train again or take other weights."
        ) from error
    return name, model.to(device).eval(), extra


def extra_of(path: Path | str) -> dict[str, Any]:
    """The extra that `save` was given, also for a design that this version does not know. Raises WeightsError."""
    metadata, _ = _read(Path(path))
    try:
        return dict(json.loads(metadata["extra"]))
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{path}: expected weights of this project, got something else ({error}).") from error


def set_extra(path: Path, changes: dict[str, Any]) -> None:
    """Replace some entries of a file's extra; all else in the file stays as it is. Raises WeightsError."""
    metadata, tensors = _read(path)
    extra = extra_of(path) | changes
    _write(path, tensors, metadata | {"extra": json.dumps(extra)})


def adopt(model: Detector, path: Path | str, part: str = "") -> int:
    """Give a model every tensor of a file that fits by name and shape, and return how many these are.

    So a changed design goes on from what an earlier one has learned. A wider layer fits, too. Its further channels
    begin at random, and count for nothing in the layers after them until they have learned to. So a wider model begins
    with the outputs of the narrower one: Chen et al., "Net2Net" (2016), with zeros in place of copies. Categories are
    matched by their names, whatever their order. Those that only the model has begin at random.

    part: what the names of the tensors have to begin with. Raises WeightsError where the file is missing or damaged, or
    where nothing in it fits.
    """
    metadata, tensors = _read(Path(path))
    try:
        theirs = tuple(json.loads(metadata.get("config", "{}")).get("categories", DIGITS))
    except (ValueError, TypeError, AttributeError) as error:
        raise WeightsError(f"{path}: expected weights of this project, got something else ({error}).") from error
    fitting = _fitting(model, {name: t for name, t in tensors.items() if name.startswith(part)}, theirs)
    if not fitting:
        raise WeightsError(f"{path}: expected weights that fit the model, got none with the name and shape of its own.")
    model.load_state_dict(model.state_dict() | fitting)
    return len(fitting)


def with_categories(model: Detector, categories: tuple[str, ...]) -> Detector:
    """A detector like this one that finds these categories, which begin with the digits.

    It keeps what the model knows of a category by its name. Those that the model does not have begin at random. Raises
    OptionError for a detector that finds digits alone, whatever it is asked for.
    """
    if categories == model.categories:
        return model
    if not hasattr(model.config, "categories"):
        raise OptionError(f"{model.name}: expected to find digits alone, got {' '.join(categories)}; take faster-rcnn.")
    changes: dict[str, Any] = {"categories": categories}
    other = type(model)(dataclasses.replace(model.config, **changes))
    other.load_state_dict(_fitting(other, model.state_dict(), model.categories))
    other.name = model.name
    return other.to(device_of(model)).train(model.training)


def blend(model: Detector, other: Detector) -> None:
    """Move a model halfway to another one of its design, which it began with.

    It keeps much of what either has learned: Wortsman et al., "Robust fine-tuning of zero-shot models" (2022). Raises
    WeightsError where their designs differ.
    """
    own, theirs = model.state_dict(), other.state_dict()
    alike = own.keys() == theirs.keys() and all(own[name].shape == theirs[name].shape for name in own)
    if not alike or model.categories != other.categories:
        raise WeightsError("--mean-with: expected a run of the same design, got another one; leave it out.")
    model.load_state_dict({name: (t + theirs[name]) / 2 if t.is_floating_point() else t for name, t in own.items()})


def _fitting(model: Detector, tensors: dict[str, Tensor], categories: tuple[str, ...]) -> dict[str, Tensor]:
    """Those of a file's tensors that fit a model's own, in the shapes of these. categories: those of the file."""
    fitting, own = {}, model.state_dict()
    for name, weights in tensors.items():
        source, place = _rows(name, weights, categories, model.categories)
        if name not in own or own[name].dim() != weights.dim():
            continue
        least = (max(place, default=-1) + 1, *weights.shape[1:]) if weights.dim() else ()
        if all(new >= old for new, old in zip(own[name].shape, least, strict=True)):
            fitting[name] = _grown(weights, own[name], source, place)
    return fitting


def _rows(name: str, weights: Tensor, categories: tuple[str, ...], own: tuple[str, ...]) -> tuple[list[int], list[int]]:
    """Which rows of a tensor in a file go to which of a model's: those of a category to that of the same name.

    Where classes are told apart, one row may stand before the categories: that of the background.
    """
    count = len(weights) if weights.dim() else 0
    before = count - len(categories)
    if name.split(".")[-2:-1] != ["classes"] or before not in (0, 1):
        return list(range(count)), list(range(count))
    shared = [category for category in categories if category in own]
    first = list(range(before))
    return (
        [*first, *(before + categories.index(category) for category in shared)],
        [*first, *(before + own.index(category) for category in shared)],
    )


def _grown(weights: Tensor, own: Tensor, source: list[int], place: list[int]) -> Tensor:
    """A tensor in the shape of the model's own that computes what the smaller one of a file computes.

    source, place: which rows of the file's go to which of the model's.
    """
    if own.shape == weights.shape and source == place:
        return weights
    grown, placed = own.clone(), own[place]
    if own.dim() > 1:  # (outputs, inputs, ...): new inputs count for nothing in old outputs
        placed.zero_()
    placed[tuple(slice(side) for side in (len(place), *weights.shape[1:]))] = weights[source].to(own)
    grown[place] = placed
    return grown


def _write(path: Path, tensors: dict[str, Tensor], metadata: dict[str, str]) -> None:
    with appearing(path, "wb") as file:
        file.write(serialise(tensors, metadata))


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    if not path.is_file():
        raise WeightsError(f"{path}: expected a weights file, found none; check the path.")
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsError(
            f"{path}: expected a weights file in safetensors form, got something damaged or else ({error}); "
            "copy or download it again."
        ) from error


def _before(config: type[DetectorConfig]) -> dict[str, Any]:
    """The values of those fields that some files do not have yet. See DetectorConfig."""
    return {field.name: field.metadata["before"] for field in dataclasses.fields(config) if "before" in field.metadata}


def _as_tuple(value: Any) -> Any:
    """JSON has lists where frozen configs have tuples."""
    return tuple(_as_tuple(v) for v in value) if isinstance(value, list) else value
