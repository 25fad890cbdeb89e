"""Pictures that lie on a side or upside down are recognised, and searched upright. No torch.

A picture is searched as it is. Doubt remains where digits are seen, but not all of them surely. Then the part with most
of them is looked at again, small, turned by each of the four right angles.

What speaks for an angle is the sum of the evidence of its digits. Handwriting on its side shows hardly any. Upside down
it shows as many digits: 0, 1, 6, 8 and 9 are as sure as before, but the others are less so. The picture is turned only
where one angle wins clearly, is fairly sure of itself, and shows more than a few digits. The whole picture, searched at
that angle, has to show more, too.
"""

from __future__ import annotations

from collections.abc import Generator

import cv2
import numpy as np

from detector.images import Picture
from detector.reading.search import search
from detector.reading.tiles import CREDIBLE_SCORE
from detector.rotation import turned_boxes, turned_picture
from detector.types import RIGHT_ANGLES_DEG, Detections

MIN_SIGN_SCORE = 0.1  # from which a detection is a sign that there is something
MIN_SIGNS = 2  # with fewer signs a picture is left as it is
SURE_SURENESS = 0.92  # of what was found in a picture: from there on there is no doubt

USUAL_DIGIT_PX = 24.0  # longest side of a usual digit in the small look
SMALL_LOOK_PX = 224  # longest side of the small look, at most
MAX_PLACING_DIGITS = 500  # so many of the best digits decide where the small look is taken, and at what size

MIN_EVIDENCE_SCORE = 0.3  # a digit with a lower score is no evidence
MAX_EVIDENCE_SCORE = 0.99  # a digit with a higher score counts as if it had this one

# An angle wins by so much evidence, in log-odds, and by that share of the evidence of both, ...
MIN_WIN_LOG_ODDS, MIN_WIN_SHARE = 4.0, 0.1
MIN_UPRIGHT_SURENESS = 0.75  # ... with this sureness, ...
MIN_UPRIGHT_DIGITS = 3  # ... and with so many credible digits other than 1s: strokes look like 1s at any angle


def upright_search(image: Picture) -> Generator[list[Picture], list[Detections], Detections]:
    """As `search`, of the picture turned upright. What is found is in pixels of the picture as it was given."""
    found = yield from search(image)
    digits = found.digits()  # signs and letters tell little of how a page lies
    if not in_doubt(digits):
        return found
    small = small_look(image, digits)
    views = yield [turned_picture(small, degrees) for degrees in RIGHT_ANGLES_DEG]
    degrees = upright([view.digits() for view in views])
    if not degrees:
        return found
    turned = turned_picture(image, degrees)
    better = yield from search(turned)
    return turned_back(better, degrees, turned) if clearly_more(better.digits(), digits) else found


def in_doubt(found: Detections) -> bool:
    """Whether what was found in a picture may be writing that does not stand upright."""
    return int((found.scores >= MIN_SIGN_SCORE).sum()) >= MIN_SIGNS and sureness(found) < SURE_SURENESS


def small_look(image: Picture, found: Detections) -> Picture:
    """The part of a picture where most was found, uint8 (h, w, 3), scaled so that usual digits are easily seen."""
    boxes = found.boxes[found.scores >= MIN_SIGN_SCORE][:MAX_PLACING_DIGITS]  # (N, 4), N > 0
    factor = USUAL_DIGIT_PX / float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2  # (N, 2)
    size = np.array(image.shape[1::-1])  # (2,): width, height
    reach = np.minimum(size, max(1, int(SMALL_LOOK_PX / factor)))  # (2,)
    near = (np.abs(middles[:, None] - middles) <= reach / 2).all(axis=2).sum(axis=1)  # (N,)
    x, y = np.clip(middles[near.argmax()] - reach / 2, 0, size - reach).astype(int)
    part = image[y : y + reach[1], x : x + reach[0]]
    width, height = (max(1, min(SMALL_LOOK_PX, round(side * factor))) for side in reach.tolist())
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    look: Picture = cv2.resize(part, (width, height), interpolation=method).astype(np.uint8)
    return look


def upright(views: list[Detections]) -> int:
    """By how many degrees a picture has to be turned, given what was seen in it turned by each of RIGHT_ANGLES_DEG."""
    best = max(range(len(RIGHT_ANGLES_DEG)), key=lambda i: evidence(views[i]))
    seen = views[best]
    digits = int(((seen.scores >= CREDIBLE_SCORE) & (seen.labels != 1)).sum())
    wins = digits >= MIN_UPRIGHT_DIGITS and sureness(seen) >= MIN_UPRIGHT_SURENESS and clearly_more(seen, views[0])
    return RIGHT_ANGLES_DEG[best] if wins else 0


def sureness(found: Detections) -> float:
    """The mean score of all signs, 0-1. Each weighs as much as its score: unlikely digits matter little."""
    scores = found.scores[found.scores >= MIN_SIGN_SCORE].astype(np.float64)
    return float((scores**2).sum() / scores.sum()) if len(scores) else 1.0


def clearly_more(these: Detections, those: Detections) -> bool:
    """Whether there is clearly more evidence of digits in these than in those."""
    a, b = evidence(these), evidence(those)
    return a - b > max(MIN_WIN_LOG_ODDS, MIN_WIN_SHARE * (a + b))


def evidence(found: Detections) -> float:
    """How much speaks for digits: the sum of their log-odds over those of MIN_EVIDENCE_SCORE."""
    scores = found.scores[found.scores > MIN_EVIDENCE_SCORE].clip(max=MAX_EVIDENCE_SCORE).astype(np.float64)
    return float((np.log(scores / (1 - scores)) - np.log(MIN_EVIDENCE_SCORE / (1 - MIN_EVIDENCE_SCORE))).sum())


def turned_back(found: Detections, degrees: int, turned: Picture) -> Detections:
    """What was found in a picture turned by degrees, in pixels of the picture before it was turned."""
    height, width = turned.shape[:2]
    boxes = turned_boxes(found.boxes, 360 - degrees, width, height)
    whole = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)  # rounding may swallow a sliver
    return Detections(boxes[whole], found.labels[whole], found.scores[whole], degrees)
