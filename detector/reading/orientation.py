"""Pictures that lie on a side or upside down: found out, and searched upright. No torch.

A picture is searched as it is. Only where that leaves doubt, where digits are seen but not all of them surely, a part
of it that shows many is looked at once more, small, and from all four sides. What speaks for a side is the sum of the
evidence of its digits: handwriting that lies on a side hardly shows any; upside down it shows as many, and 0, 1, 6, 8
and 9 among them are as sure as before, but the others are less so. The picture is turned only where one side wins
clearly, is fairly sure of itself, and shows more than a few digits; and only if then the whole of it shows more, too.
"""

from __future__ import annotations

from collections.abc import Generator

import cv2
import numpy as np

from detector.images import Picture
from detector.reading.search import search
from detector.rotation import turned_boxes, turned_picture
from detector.types import RIGHT_ANGLES_DEG, Detections

SEEN = 0.1  # the score from which a detection is a sign that there is something
SOMETHING = 2  # with fewer such signs a picture is left as it is
SURE = 0.92  # sureness of what was found from which there is no doubt
SIDE = 24.0  # longest side of a usual digit in the small look
VIEW = 224  # pixels a side of that look, at most
MANY = 500  # so many digits, the best, say where it is taken and at what size
EVEN, CERTAIN = 0.3, 0.99  # scores: from what on a digit is evidence, and what can be believed of it at most
MARGIN, SHARE = 4.0, 0.1  # a side wins by so much evidence, in log-odds, and by that share of the evidence of both, ...
FAIRLY_SURE = 0.75  # ... with this sureness, ...
FEW = 3  # ... and with so many digits of a credible score that are not 1s: strokes look like 1s from any side
CREDIBLE = 0.5


def upright_search(image: Picture) -> Generator[list[Picture], list[Detections], Detections]:
    """As `search`, but of the picture turned upright. What is found is in pixels of the picture as it was given."""
    found = yield from search(image)
    if not in_doubt(found):
        return found
    small = small_look(image, found)
    views = yield [turned_picture(small, degrees) for degrees in RIGHT_ANGLES_DEG]
    degrees = upright(views)
    if not degrees:
        return found
    picture = turned_picture(image, degrees)
    better = yield from search(picture)
    return turned_back(better, degrees, picture) if clearly_more(better, found) else found


def in_doubt(found: Detections) -> bool:
    """Whether what was found in a picture may be writing that lies on a side."""
    return int((found.scores >= SEEN).sum()) >= SOMETHING and sureness(found) < SURE


def small_look(image: Picture, found: Detections) -> Picture:
    """The part of a picture where most was found, at a size where usual digits are easily seen."""
    boxes = found.boxes[found.scores >= SEEN][:MANY]  # (N, 4), N > 0
    factor = SIDE / float(np.median((boxes[:, 2:] - boxes[:, :2]).max(axis=1)))
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2  # (N, 2)
    size = np.array(image.shape[1::-1])  # (2,): width, height
    reach = np.minimum(size, max(1, int(VIEW / factor)))  # (2,)
    near = (np.abs(middles[:, None] - middles) <= reach / 2).all(axis=2).sum(axis=1)  # (N,)
    x, y = np.clip(middles[near.argmax()] - reach / 2, 0, size - reach).astype(int)
    part = image[y : y + reach[1], x : x + reach[0]]
    width, height = (max(1, min(VIEW, round(side * factor))) for side in reach.tolist())
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return cv2.resize(part, (width, height), interpolation=method).astype(np.uint8)


def upright(views: list[Detections]) -> int:
    """By how many degrees a picture has to be turned, from what was seen in it turned by each of RIGHT_ANGLES_DEG."""
    best = max(range(len(RIGHT_ANGLES_DEG)), key=lambda i: evidence(views[i]))
    seen = views[best]
    enough = int(((seen.scores >= CREDIBLE) & (seen.labels != 1)).sum()) >= FEW
    return RIGHT_ANGLES_DEG[best] if enough and sureness(seen) >= FAIRLY_SURE and clearly_more(seen, views[0]) else 0


def sureness(found: Detections) -> float:
    """The mean score, each weighed by itself, so that it depends little on how much hardly looks like a digit; 0-1."""
    scores = found.scores[found.scores >= SEEN].astype(np.float64)
    return float((scores**2).sum() / scores.sum()) if len(scores) else 1.0


def clearly_more(these: Detections, those: Detections) -> bool:
    """Whether there is clearly more evidence of digits in these than in those."""
    a, b = evidence(these), evidence(those)
    return a - b > max(MARGIN, SHARE * (a + b))


def evidence(found: Detections) -> float:
    """How much speaks for digits: the sum of their log-odds, above those of EVEN and each up to those of CERTAIN."""
    scores = found.scores[found.scores > EVEN].clip(max=CERTAIN).astype(np.float64)
    return float((np.log(scores / (1 - scores)) - np.log(EVEN / (1 - EVEN))).sum())


def turned_back(found: Detections, degrees: int, picture: Picture) -> Detections:
    """What was found in a picture that had been turned, in pixels of the one before."""
    height, width = picture.shape[:2]
    boxes = turned_boxes(found.boxes, 360 - degrees, width, height)
    whole = (boxes[:, 2:] > boxes[:, :2]).all(axis=1)  # rounding may swallow a sliver
    return Detections(boxes[whole], found.labels[whole], found.scores[whole], degrees)
