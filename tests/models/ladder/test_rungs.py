"""Rungs 1-8: valid detections whatever the picture, and each learns its task."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from detector.models import checkpoint
from detector.models.ladder.space_displacement import SpaceDisplacement, SpaceDisplacementConfig
from detector.models.ladder.strip_heads import PLACES, FiveSoftmax, FiveSoftmaxLength, FixedCells, Sigmoids, StripConfig
from detector.models.ladder.view import see
from detector.models.ladder.whole_picture import BLANK, StringPrediction, WholePicture, as_detections, cross_entropy
from detector.models.registry import DETECTORS
from detector.reading.reader import Reader
from detector.reading.reading_order import read_lines
from detector.types import Detections, Target
from digit_scenes import Scenes
from tests.tiny import as_input

NAMES = (
    *("softmax", "mlp", "simple-cnn", "improved-cnn", "two-conv-cnn", "modern-cnn", "wide-cnn"),
    *("cells", "sigmoids", "five-softmax", "five-softmax-length", "space-displacement"),
)
SMALL = StripConfig(filters=(4, 4, 8), hidden=16)


@pytest.fixture(params=NAMES)
def rung(request: pytest.FixtureRequest) -> WholePicture:
    torch.manual_seed(0)
    design = DETECTORS[request.param]
    built = design.build(design.config())
    assert isinstance(built, WholePicture)
    return built


def white(*shape: int) -> np.ndarray:
    return np.full((*shape, 3), 255, np.uint8)


def text(reader: Reader, image: np.ndarray) -> str:
    return reader.page(image).text.replace(" ", "")


def test_no_pictures_no_answers(rung: WholePicture) -> None:
    assert rung.predict([]) == []
    assert rung.losses([], []) == {}


@pytest.mark.parametrize("shape", [(1, 1), (28, 28), (5, 400), (300, 200)])
def test_any_picture_is_answered_inside_of_it(rung: WholePicture, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for image in (white(*shape), noise):
        (found,) = rung.predict([as_input(image)])  # Detections checks the rest
        assert (found.boxes >= 0).all()
        assert (found.boxes[:, 2] <= shape[1]).all()
        assert (found.boxes[:, 3] <= shape[0]).all()
        assert (np.diff(found.scores) <= 0).all()


def test_losses_are_finite_and_reach_every_weight(rung: WholePicture) -> None:
    scenes = [Scenes("strips", "val")[i] for i in range(3)]
    images = [as_input(scene.image) for scene in scenes]
    (loss,) = rung.losses([*images, as_input(white(30, 40))], [*(s.target for s in scenes), Target.empty()]).values()
    assert torch.isfinite(loss)
    loss.backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in rung.parameters())


def test_no_digit_at_all_costs_nothing_or_teaches_blank(rung: WholePicture) -> None:
    signs = Target(np.array([[1, 1, 4, 4], [6, 1, 9, 9]], np.float32), np.array([10, 25]), np.array([False, True]))
    losses = []
    for target in (Target.empty(), signs):  # signs are no digits
        torch.manual_seed(0)
        losses += rung.losses([as_input(white(28, 28))], [target]).values()
    assert torch.isfinite(losses[0])
    assert losses[0] == losses[1]
    assert (losses[0] == 0) == (rung.lesson == "digits")


def test_company_changes_no_answer(rung: WholePicture) -> None:
    images = [as_input(Scenes(name, "val")[1].image) for name in ("strips", "loose-strips", "amounts")]
    for alone, together in zip((rung.predict([image])[0] for image in images), rung.predict(images), strict=True):
        assert alone.labels.tolist() == together.labels.tolist()
        np.testing.assert_allclose(alone.boxes, together.boxes)
        np.testing.assert_allclose(alone.scores, together.scores, atol=1e-5)


def test_predicting_leaves_the_mode_as_it_was(rung: WholePicture) -> None:
    for mode in (True, False):
        rung.train(mode)
        rung.predict([as_input(white(28, 28))])
        assert rung.training == mode


def test_a_checkpoint_gives_the_rung_back(rung: WholePicture, tmp_path: Path) -> None:
    name = next(name for name, design in DETECTORS.items() if type(rung) is design.build)
    checkpoint.save(tmp_path / "weights.safetensors", name, rung, {})
    again, loaded, _ = checkpoint.load(tmp_path / "weights.safetensors")
    image = as_input(Scenes("strips", "val")[0].image)
    assert again == name
    assert loaded.config == rung.config
    np.testing.assert_array_equal(loaded.predict([image])[0].labels, rung.predict([image])[0].labels)


def test_the_reader_takes_the_picture_as_it_is(rung: WholePicture, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, ...]] = []
    plain = rung.predict

    def predict(images: Sequence[torch.Tensor]) -> list[Detections]:
        seen.extend(tuple(image.shape) for image in images)
        return plain(images)

    monkeypatch.setattr(rung, "predict", predict)
    Reader(rung).detect_many([white(28, 28), white(900, 1300), white(28, 140)])
    assert sorted(seen) == [(3, 28, 28), (3, 28, 140), (3, 900, 1300)]


class Says(WholePicture):
    """Reads the same in every picture."""

    width = 140
    places = PLACES

    def __init__(self, digits: list[int], columns: bool) -> None:
        super().__init__()
        self.digits, self.columns = digits, columns

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return pictures

    def loss(self, scores: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def decode(self, scores: torch.Tensor) -> StringPrediction:
        n = len(scores)
        edges = torch.arange(PLACES + 1.0) * 28
        columns = torch.stack([edges[:-1], edges[1:]], 1).expand(n, -1, 2) if self.columns else None
        return StringPrediction(
            torch.tensor(self.digits).expand(n, -1), torch.linspace(0.5, 0.9, PLACES).expand(n, -1), columns
        )


@given(
    digits=st.lists(st.integers(0, BLANK), min_size=PLACES, max_size=PLACES),
    columns=st.booleans(),
    preset=st.sampled_from(["strips", "short-strips", "loose-strips", "amounts", "paper"]),
    index=st.integers(0, 30),
)
def test_what_is_read_comes_out_as_one_line_in_order(digits: list[int], columns: bool, preset: str, index: int) -> None:
    image = Scenes(preset, "val")[index].image
    (found,) = Says(digits, columns).predict([as_input(image)])
    lines = read_lines(found)
    view = see(as_input(image), 140)
    within = [d for k, d in enumerate(digits) if not columns or view.left + k * 28 * view.across < image.shape[1]]
    expected = "".join(str(d) for d in within if d != BLANK)
    assert len(lines) == (1 if expected else 0)
    assert "".join(line.text for line in lines).replace(" ", "") == expected


def test_a_strip_without_ink_is_cut_in_equal_parts() -> None:
    (found,) = Says([1, 2, BLANK, 3, 4], columns=False).predict([torch.zeros(3, 28, 140)])
    order = found.boxes[:, 0].argsort()
    assert found.boxes[order].tolist() == [[x, 0, x + 35, 28] for x in (0, 35, 70, 105)]
    assert found.labels[order].tolist() == [1, 2, 3, 4]


def test_a_digit_read_beyond_the_picture_is_dropped() -> None:
    reading = Says([1, 2, 3, 4, 5], columns=True).decode(torch.zeros(1))
    image = torch.ones(3, 28, 28)
    found = as_detections(reading, 0, see(image, 140), (28, 28))
    assert found.labels.tolist() == [1]


def test_labels_are_those_not_ignored_from_the_left() -> None:
    boxes = np.array([[60, 2, 70, 20], [0, 2, 10, 20], [30, 2, 40, 20], [90, 2, 99, 20]], np.float32)
    target = Target(boxes, np.array([3, 1, 2, 4]), np.array([False, False, True, False]))
    image = torch.zeros(3, 28, 140)
    assert Sigmoids(SMALL).labels(target, see(image, 140)).tolist() == [1, 3, 4, BLANK, BLANK]
    assert FixedCells().labels(target, see(image, 140)).tolist() == [1, BLANK, 3, 4, BLANK]
    assert Says([0] * 5, True).labels(Target.empty(), see(image, 140)).tolist() == [BLANK] * 5


def test_cross_entropy_asks_only_for_known_classes() -> None:
    scores = torch.randn(3, 2, 10)
    labels = torch.tensor([[1, BLANK], [BLANK, BLANK], [4, 5]])
    expected = [-scores[i, k].log_softmax(0)[labels[i, k]] for i, k in ((0, 0), (2, 0), (2, 1))]
    assert torch.allclose(cross_entropy(scores, labels), torch.stack(expected).mean())
    assert cross_entropy(scores, torch.full((3, 2), BLANK)) == 0


def test_cells_read_each_cell_by_itself_and_blank_where_there_is_no_ink() -> None:
    torch.manual_seed(0)
    rung = FixedCells().eval()
    strip = torch.from_numpy(Scenes("short-strips", "val")[0].image[..., 0]).float() / 255
    strip[:, 28:56] = 0
    reading = rung.decode(rung(strip[None, None]))
    for k in range(PLACES):
        cell = strip[:, k * 28 : (k + 1) * 28]
        alone = rung.decode(rung(cell[None, None]))
        assert alone.digits[0, 0] == reading.digits[0, k]
        assert (reading.digits[0, k] == BLANK) == (not cell.any())


def test_the_length_decides_how_many_digits_are_read() -> None:
    """Against all strings of up to five digits out of the two best of each place."""
    torch.manual_seed(3)
    rung = FiveSoftmaxLength(SMALL)
    scores = torch.randn(20, rung.outputs) * 2
    digits, length = (t.log_softmax(-1) for t in rung.heads(scores))
    reading = rung.decode(scores)
    for row in range(len(scores)):
        likelihood = {}
        for n in range(PLACES + 1):
            for string in itertools.product(*(digits[row, k].topk(2).indices.tolist() for k in range(n))):
                likelihood[string] = float(length[row, n] + sum(digits[row, k, d] for k, d in enumerate(string)))
        best = max(likelihood, key=likelihood.__getitem__)
        assert reading.digits[row].tolist() == [*best, *[BLANK] * (PLACES - len(best))]


def test_the_loss_of_the_length_variant_is_minus_the_likelihood_of_the_string() -> None:
    rung = FiveSoftmaxLength(SMALL)
    scores = torch.randn(2, rung.outputs)
    labels = torch.tensor([[7, 1, BLANK, BLANK, BLANK], [BLANK] * 5])
    digits, length = (t.log_softmax(-1) for t in rung.heads(scores))
    expected = -(length[0, 2] + digits[0, 0, 7] + digits[0, 1, 1]) - length[1, 0]
    assert torch.allclose(rung.loss(scores, labels), expected / 2)


@pytest.mark.parametrize("width", [4, 28, 56, 140, 400])
def test_space_displacement_scores_every_fourth_pixel_of_any_width(width: int) -> None:
    rung = SpaceDisplacement(SpaceDisplacementConfig(filters=(4, 4, 4), hidden=8)).eval()
    assert rung(torch.zeros(2, 1, 28, width)).shape == (2, (width + 16) // 4, 11)


def test_space_displacement_sees_the_same_wherever_it_is() -> None:
    """A digit moved by a column of scores moves its scores by one column: the classifier is one and the same."""
    torch.manual_seed(0)
    rung = SpaceDisplacement(SpaceDisplacementConfig(filters=(4, 4, 4), hidden=8)).eval()
    strip = torch.zeros(1, 1, 28, 280)
    strip[..., 100:128] = torch.rand(28, 28)
    scores = rung(strip)
    moved = rung(strip.roll(4, 3))
    assert torch.allclose(moved[:, 15:60], scores[:, 14:59], atol=1e-6)


def said(*classes: int) -> torch.Tensor:
    """Scores (1, T, 11) that are sure of these classes."""
    return F.one_hot(torch.tensor([classes]), 11) * 20.0


def test_ctc_takes_equal_neighbours_together_and_leaves_blanks_out() -> None:
    rung = SpaceDisplacement(SpaceDisplacementConfig(filters=(4, 4, 4), hidden=8))
    cases = {
        (): (BLANK, BLANK),
        (7,): (BLANK, 7, 7, 7, BLANK),
        (7, 7): (7, BLANK, 7, BLANK),
        (1, 2, 3): (1, 2, 2, BLANK, 3),
    }
    for string, classes in cases.items():
        assert rung.decode(said(*classes)).digits.tolist() == [list(string)]
    both = rung.decode(torch.cat([said(1, BLANK, 2), said(BLANK, BLANK, BLANK)]))
    assert both.digits.tolist() == [[1, 2], [BLANK, BLANK]]


def test_ctc_loss_is_that_of_all_ways_to_say_the_string() -> None:
    rung = SpaceDisplacement(SpaceDisplacementConfig(filters=(4, 4, 4), hidden=8))
    scores = torch.randn(1, 4, 11)
    says = scores.log_softmax(2)[0]
    ways = [
        way
        for way in itertools.product((3, 5, BLANK), repeat=4)
        if [d for d, _ in itertools.groupby(way) if d != BLANK] == [3, 5]
    ]
    expected = -torch.stack([says[torch.arange(4), torch.tensor(way)].sum() for way in ways]).logsumexp(0)
    labels = torch.tensor([[3, 5, BLANK, BLANK, BLANK]])
    assert torch.allclose(rung.loss(scores, labels), expected, atol=1e-5)


def test_every_sigmoid_is_a_question_of_its_own() -> None:
    rung = Sigmoids(SMALL)
    scores, labels = torch.randn(2, 55), torch.tensor([[1, 2, 3, BLANK, BLANK], [0, BLANK, BLANK, BLANK, BLANK]])
    chances = scores.view(2, 5, 11).sigmoid()
    total = 0.0
    for i, k, c in itertools.product(range(2), range(5), range(11)):
        total -= float(torch.log(chances[i, k, c] if labels[i, k] == c else 1 - chances[i, k, c]))
    assert float(rung.loss(scores, labels)) == pytest.approx(total / 10, rel=1e-4)
    assert FiveSoftmax(SMALL).outputs == rung.outputs == 55
