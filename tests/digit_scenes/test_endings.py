"""What ends amounts: whole under any pen, as thick as the digits beside it, and never a digit itself."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digit_scenes.glyphs.digits import load_digits
from digit_scenes.ink import endings
from digit_scenes.ink.clutter import SIGN_HEIGHT_PX
from digit_scenes.ink.endings import ENDING_KINDS, ENDING_SHARES, ENDING_WIDTH_PX, ending, point
from digit_scenes.ink.pens import Pen, digit_field, draw
from digit_scenes.page_recipes import INVOICES
from digit_scenes.scene import page_scene

SEPARATED = INVOICES.changed(
    text={"blank": 0.0},
    hand={"separated": 1.0},
    paper={"patterned": 0.0, "furnished": 0.0},
    camera={"spilled": 0.0},
)
AS_IT_IS = np.array([[1.0, 0.0, 20.0], [0.0, 1.0, 20.0]])
CANVAS = (SIGN_HEIGHT_PX + 40, ENDING_WIDTH_PX + 40)


@given(st.integers(0, 100_000), st.booleans(), st.sampled_from([0.3, 0.6, 0.86]), st.booleans())
def test_signs_are_whole_under_any_pen(seed: int, broad: bool, level: float, end: bool) -> None:
    field = (ending if end else point)(np.random.default_rng(seed), broad)
    assert field.dtype == np.uint8
    assert field.shape == (SIGN_HEIGHT_PX, ENDING_WIDTH_PX if end else SIGN_HEIGHT_PX)
    ink = draw(field, AS_IT_IS, Pen(level, 1.5, True), CANVAS)
    assert ink is not None
    thick, thin = ((f > limit).astype(np.uint8) for f, limit in ((field, 60), (ink.alpha, 60)))
    assert thin.any()
    # A thin pen draws as many strokes as a thick one, which may run two into one.
    assert cv2.connectedComponents(thick)[0] <= cv2.connectedComponents(thin)[0] <= 4


@pytest.mark.parametrize("broad", [False, True])
def test_strokes_are_about_as_thick_as_those_of_digits(broad: bool) -> None:
    """Twice a stroke's area over its outline is its thickness."""

    def thickness(fields: list[np.ndarray]) -> float:
        pen = Pen(0.45 if broad else 0.7, 1.5, not broad)
        found = []
        for field in fields:
            ink = draw(field, AS_IT_IS, pen, CANVAS)
            assert ink is not None
            mask = (ink.alpha > 127).astype(np.uint8)
            outlines, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
            found.append(2 * mask.sum() / sum(cv2.arcLength(line, True) for line in outlines))
        return float(np.median(found))

    rng = np.random.default_rng(3)
    signs = thickness([ending(rng, broad) for _ in range(150)])
    digits = thickness([digit_field(image, not broad, None) for image in load_digits("val").images[:150]])
    assert digits / 2 < signs < 2 * digits


def test_every_kind_has_the_strokes_it_is_named_after(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(ENDING_SHARES) == pytest.approx(1)
    for kind in ENDING_KINDS:
        monkeypatch.setattr(endings, "ENDING_SHARES", [float(one == kind) for one in ENDING_KINDS])
        signs = [ending(np.random.default_rng(seed), False) for seed in range(30)]  # of some, strokes touch
        strokes = max(cv2.connectedComponents((sign > 200).astype(np.uint8))[0] - 1 for sign in signs)
        assert strokes == {"point dash": 2, "double dash": 2, "point double": 3}.get(kind, 1)


@given(st.integers(0, 10_000))
def test_they_are_ink_and_no_digits(seed: int) -> None:
    """Nothing but the digits of the numbers has a box."""
    scene = page_scene(np.random.default_rng(seed), load_digits("val"), SEPARATED.changed(hand={"ended": 1.0}))
    if scene.lines is not None:
        assert len(scene.target) == sum(len(line.replace(" ", "")) for line in scene.lines)


def test_hands_that_end_their_numbers_leave_more_ink_than_others() -> None:
    """Right of the last digit of light paper."""
    plain = SEPARATED.changed(
        text={"max_clutter": 0},
        pen={"faint": 0.0},
        paper={"light_on_dark": 0.0, "creased": 0.0, "shown_through": 0.0},
        camera={"lit": 0.0, "screened": 0.0, "photographed": 0.0},
    )
    dark = [0, 0]
    for ended in (0, 1):
        for seed in range(40):
            recipe = plain.changed(hand={"ended": float(ended)})
            scene = page_scene(np.random.default_rng(seed), load_digits("val"), recipe)
            beyond = int(scene.target.boxes[:, 2].max()) + 2
            grey = scene.image.min(axis=2).astype(int)
            dark[ended] += bool((grey[:, beyond:] < np.median(grey) - 60).any())
    assert dark[1] > 20
    assert dark[0] > 5  # they have signs of their own
