"""The training loop and its parts, without a command line."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from detector.errors import OptionError, TrainingError, WeightsError
from detector.models import checkpoint
from detector.models.base import Detector
from detector.training.ema import WeightAverage
from detector.training.fit import TrainingConfig, fit, freeze_norms, learning_rate, parameter_groups
from detector.training.loader import load_batches
from detector.training.runs import Learner, Log, RunProgress, cut_log, load_state, read_log, save_state, stop_on_signal
from detector.types import Detections, Target
from tests.tiny import BarBatches, as_input, bars, tiny_model

SHORT = TrainingConfig(minutes=None, scenes=8, batch_size=2, workers=0, bfloat16=False, validate_every=4)


def no_check(model: Detector) -> dict[str, float]:
    return {"AP": 0.5}


class Sum(Detector):
    """Its loss is the sum of one weight and the first pixel, so that tests can say what happens."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2, 2))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def losses(self, images: Sequence[Tensor], targets: Sequence[Target]) -> dict[str, Tensor]:
        return {"weight": self.weight.sum() * images[0][0, 0, 0]}

    def predict(self, images: Sequence[Tensor]) -> list[Detections]:
        return [Detections.empty() for _ in images]


def test_fit_writes_what_it_promises(tmp_path: Path) -> None:
    run = tmp_path / "deep" / "run"
    seen: list[bool] = []

    def validate(model: Detector) -> dict[str, float]:
        seen.append(model.training)
        return {"AP": [0.1, 0.3, 0.2][len(seen) - 1]}

    end = fit("faster-rcnn", tiny_model(), BarBatches(), validate, SHORT, run)
    assert (end.step, end.scenes, end.validated) == (4, 8, 4)
    assert end.best == {"AP": 0.3, "step": 4}
    assert seen == [False, False]
    assert {path.name for path in run.iterdir()} == {
        *("best.safetensors", "last.safetensors", "last.state", "log.jsonl", "curves.png")
    }
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [record["step"] for record in log] == [1, 2, 2, 3, 4, 4]
    assert {"loss", "objectness", "proposal_boxes", "classes", "boxes", "rate", "seconds"} <= log[0].keys()
    assert checkpoint.load(run / "best.safetensors")[2]["best"] == end.best


def test_a_loss_that_is_not_finite_stops_and_leaves_the_last_good_state(tmp_path: Path) -> None:
    class Poisoned(BarBatches):
        def __getitem__(self, step: int) -> tuple[list[np.ndarray], list[Target]]:
            images, targets = super().__getitem__(step)
            if step == 3:
                images = [image.astype(np.float32) * np.nan for image in images]
            return images, targets

    fit("faster-rcnn", tiny_model(), BarBatches(), no_check, SHORT, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    longer = TrainingConfig(minutes=None, scenes=16, batch_size=2, workers=0, bfloat16=False)
    with pytest.raises(TrainingError, match=r"Step 3: .*classes nan.* learning rate .* after losses of \d"):
        fit("faster-rcnn", tiny_model(), Poisoned(), no_check, longer, tmp_path)
    for name in ("best.safetensors", "last.safetensors", "last.state"):
        assert (tmp_path / name).read_bytes() == before[name]


def test_an_interrupted_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    class Interrupting(BarBatches):
        def __getitem__(self, step: int) -> tuple[list[np.ndarray], list[Target]]:
            if step == 2:
                os.kill(os.getpid(), signal.SIGINT)
            return super().__getitem__(step)

    fit("faster-rcnn", tiny_model(), BarBatches(), no_check, SHORT, tmp_path / "whole")
    stopped = fit("faster-rcnn", tiny_model(), Interrupting(), no_check, SHORT, tmp_path / "parts")
    assert stopped.step == 2
    resumed = fit("faster-rcnn", tiny_model(seed=5), BarBatches(), no_check, SHORT, tmp_path / "parts", resume=True)
    assert resumed.step == 4
    whole, parts = (checkpoint.load(tmp_path / run / "last.safetensors")[1].state_dict() for run in ("whole", "parts"))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)
    steps = [record["step"] for record in read_log(tmp_path / "parts" / "log.jsonl")]
    assert steps == [1, 2, 2, 3, 4, 4]


def test_a_budget_in_minutes_ends(tmp_path: Path) -> None:
    config = TrainingConfig(minutes=0.02, batch_size=2, workers=0, bfloat16=False)
    end = fit("faster-rcnn", tiny_model(), BarBatches(), no_check, config, tmp_path)
    assert end.step > 0
    assert end.seconds >= 1.2
    assert end.validated == end.step


def test_gradients_are_clipped_and_norms_do_not_decay() -> None:
    model = tiny_model()
    decayed, free = parameter_groups(model, 0.1)
    assert decayed["weight_decay"] == 0.1
    assert free["weight_decay"] == 0
    assert all(p.dim() > 1 for p in decayed["params"])
    assert len(decayed["params"]) + len(free["params"]) == len(list(model.parameters()))


def test_frozen_norms_take_the_averaged_statistics_and_keep_them() -> None:
    model, other = tiny_model().train(), tiny_model(1).train()
    images = [as_input(bars(i)[0]) for i in range(2)]
    other.losses(images, [bars(i)[1] for i in range(2)])  # gathers statistics
    freeze_norms(model, other)
    norm, averaged = (one.get_submodule("backbone.stem.1") for one in (model, other))
    assert isinstance(norm, torch.nn.BatchNorm2d)
    assert isinstance(averaged, torch.nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert averaged.running_mean is not None
    assert torch.equal(norm.running_mean, averaged.running_mean)
    assert norm.running_var is not None
    assert averaged.running_var is not None
    assert torch.equal(norm.running_var, averaged.running_var)
    weight = norm.weight.clone()
    model.losses(images, [bars(i)[1] for i in range(2)])
    assert torch.equal(norm.running_mean, averaged.running_mean)
    assert torch.equal(norm.weight, weight)
    assert not averaged.running_mean.eq(0).all()


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_learning_rate_climbs_then_falls(first: float, second: float) -> None:
    early, late = sorted((first, second))
    rates = learning_rate(early, 2.0, 0.1), learning_rate(late, 2.0, 0.1)
    assert all(0.02 <= rate <= 2.0 for rate in rates)
    if late <= 0.1:
        assert rates[0] <= rates[1]
    if early >= 0.1:
        assert rates[0] >= rates[1]
    assert learning_rate(0.1, 2.0, 0.1) == 2.0
    assert learning_rate(0.0, 2.0, 0.0) == 2.0


def test_the_average_follows_its_law() -> None:
    model = Sum()
    average = WeightAverage(model, decay=0.5)
    expected, decays = 1.0, [1 / 10, 2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15, 7 / 16, 8 / 17, 0.5]
    for n, decay in enumerate(decays):
        with torch.no_grad():
            model.weight.fill_(n)
            model.get_buffer("count").add_(1)
        average.update(model)
        expected = decay * expected + (1 - decay) * n
        assert average.model.get_parameter("weight")[0, 0].item() == pytest.approx(expected)
        assert int(average.model.get_buffer("count")) == n + 1
    assert not average.model.training


def test_batches_come_in_order_from_other_processes() -> None:
    alone, helped = (list(load_batches(BarBatches(), range(3, 7), workers)) for workers in (0, 2))
    assert len(alone) == len(helped) == 4
    for (first, _), (second, _) in zip(alone, helped, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_a_torn_log_is_cut_back(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    cut_log(log, 3)
    assert log.read_text() == ""
    log.write_text('{"step": 1}\n{"step": 2}\n{"step": 2, "AP": 0.5}\n{"step": 3}\n{"st')
    cut_log(log, 2)
    assert log.read_text() == '{"step": 1}\n{"step": 2}\n{"step": 2, "AP": 0.5}\n'


@pytest.mark.parametrize("content", [None, b"", b"not a state"])
def test_nothing_to_resume(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "last.state").write_bytes(content)
    with pytest.raises(TrainingError, match=r"last\.state: expected"):
        fit("faster-rcnn", tiny_model(), BarBatches(), no_check, SHORT, tmp_path, resume=True)


def learner(model: Detector) -> Learner:
    return Learner("faster-rcnn", model, WeightAverage(model, 0.9), torch.optim.AdamW(model.parameters()))


def test_the_state_of_another_model_is_refused(tmp_path: Path) -> None:
    fit("faster-rcnn", tiny_model(), BarBatches(), no_check, SHORT, tmp_path)
    with pytest.raises(TrainingError, match="something else"):
        load_state(tmp_path, learner(Sum()))


def test_a_state_that_is_not_finite_is_not_saved(tmp_path: Path) -> None:
    broken = tiny_model()
    torch.nn.init.constant_(broken.get_parameter("backbone.stem.0.weight"), float("inf"))
    with pytest.raises(WeightsError, match="finite weights"):
        save_state(tmp_path, learner(broken), RunProgress())
    assert not list(tmp_path.iterdir())


def test_tensorboard_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(OptionError, match="tensorboard"):
        Log(tmp_path, tensorboard=True)
    assert not list(tmp_path.iterdir())


def test_a_second_interrupt_is_not_held_back() -> None:
    with stop_on_signal() as stopped:
        assert not stopped()
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    "wrong",
    [{"scenes": 5}, {"minutes": None}, {"minutes": -1.0}, {"batch_size": 0}, {"rate": 0.0}, {"average": 1.0}],
)
def test_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        TrainingConfig(**wrong)
