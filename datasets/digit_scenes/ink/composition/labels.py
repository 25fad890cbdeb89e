"""Kinds of printed matter: forms that a hand fills in, price tags, packages and plates of devices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.ink.composition import scrawls, shapes
from digit_scenes.ink.composition.composer import Composer
from digit_scenes.ink.composition.numbers import WrittenNumber
from digit_scenes.ink.composition.page import Row
from digit_scenes.ink.composition.text import of_own_pen, scrawl, write
from digit_scenes.texts.languages import any_language, pick
from digit_scenes.texts.things import CITIES, PRODUCTS, amount, clock, code, date, digits, measure, person, phone, place

LABEL_DIGITLESS = 0.14
"""Share of pages for which nothing with a digit is chosen; on others there is none by chance."""
FORM_LABELS = (
    "Name|Name:|First name|Surname|Date|Date of birth|Total|Amount|Age|Address|Phone|Tel.|Signature|No.|Room|Class|Sex|"
    "Weight (kg)|Height (cm)|Remarks|Village|Patient|Ward|Diagnosis|Dose|Price|Quantity|Unit|Item|Invoice No.|Subtotal|"
    "VAT|Nom|Prénom|Date de naissance|Adresse|Montant|Signature :|Datum|Vorname|Betrag|Unterschrift|Nombre|Fecha|Firma|"
    "Nome|Data|Valor|Assinatura|Jina|Tarehe|Umri|Kijiji|Jumla|Jméno|Podpis|Částka|E-mail|Company|Time|From|To"
)
"""Before fields; parted by strokes."""
FORM_TITLES = (
    "REGISTRATION FORM|Order form|INVOICE|Receipt|Questionnaire|Antrag|Formulaire|Rechnung|FACTURE|Solicitud|Fomu"
)
CHOICES = "Yes|No|Male|Female|Oui|Non|Ja|Nein|Single|Married|Cash|Card|Other|New|Repeat"
PLATE_LINES = (
    "230 V ~ 50 Hz|12 V DC|MADE IN EU|MADE IN CHINA|IP 44|CLASS II|MAX. 60 W|1200 W|5 V - 2 A|CE|TYPE B|~ 240 V"
)
SMALL_PRINT = (
    "NET WEIGHT|Ingredients: sugar, salt|Keep cool, dry|Best before|Store below|Poids net|Inhalt|Zutaten:|Lait|"
    "Shake well|Not for children|Product of Kenya|Bio|Organic|Recycle|Peso neto|Handle with care|FRAGILE|THIS SIDE UP"
)
MIN_PRINT_PX = 9.0
"""Height of the smallest digits of print."""
Line = tuple[str, float]
"""A text, and how high its digits are, in heights of a digit."""


def one_of(rng: np.random.Generator, texts: str) -> str:
    """One of some texts parted by strokes."""
    return pick(rng, texts.split("|"))


def centred(page: Composer, lines: Sequence[Line], area: shapes.Area, align: float = 0.5, fill: float = 0.0) -> None:
    """Lines in the middle of an area, below each other, all made smaller where they would not fit.

    align: 0 for lines that begin at the left, 0.5 for centred ones. fill: how much of the area is used at least, 0-1.
    The smallest lines are left out where they could not be read.
    """
    x0, y0, x1, y1 = area
    runs = [(run, size) for text, size in lines if (run := write(page.scribe, text, size))]
    while runs:
        heights = [size * 1.5 for _, size in runs]
        widest = max(run.box[2] - min(run.box[0], 0.0) for run, _ in runs)
        fitting = min((x1 - x0) / widest, (y1 - y0) / sum(heights))
        height = min(max(page.height, fitting * fill), fitting)
        if min(size for _, size in runs) * height >= MIN_PRINT_PX or len(runs) == 1:
            break
        runs.remove(min(runs, key=lambda item: item[1]))
    else:
        return
    y = (y0 + y1 - sum(heights) * height) / 2
    for (run, size), own in zip(runs, heights, strict=True):
        baseline = y + (own - (own - size) * 0.6) * height
        row = page.new_row(baseline - size * height / 2)
        page.put(run, x0 + align * max(x1 - x0 - run.width * height, 0.0), baseline, height, row)
        y += own * height


def form(page: Composer) -> None:
    """Labels in print, each with a line, dots or a box, in which a hand has written, or nobody has."""
    rng, language, hand = page.rng, any_language(page.rng), page.second or page.scribe
    with_digits = not happens(rng, LABEL_DIGITLESS)
    height = min(page.height, page.size[1] / 14)
    pitch = height * float(rng.uniform(2.0, 3.6))
    y = height * float(rng.uniform(1.2, 2.0))
    if happens(rng, 0.5):
        title = write(page.scribe, one_of(rng, FORM_TITLES), 1.4)
        if title:
            fitted = min(height, page.size[1] * 0.95 / title.width)
            page.put(title, max(page.size[1] - title.width * fitted, 0) * float(rng.choice([0, 0.5])), y, fitted)
            y += pitch
    kind, filled, boxed = (
        rng.uniform(),
        float(rng.choice([0.0, 0.7, 0.85, 0.95, 0.95, 0.95, 0.95, 1.0])),
        float(rng.uniform(1.3, 2.0)),
    )
    thickness, shade, column = (
        float(rng.uniform(0.8, 2.2)),
        float(rng.uniform(0.3, 1.0)),
        float(rng.uniform(0.25, 0.45)),
    )
    aligned, own = happens(rng, 0.5), float(rng.uniform(0.9, 1.5)) * height
    while y < page.size[0] - 0.3 * height:
        row = page.new_row(y - height / 2)
        if happens(rng, 0.12):
            _choices(page, y, height, row)
            y += pitch
            continue
        label = write(page.scribe, one_of(rng, FORM_LABELS))
        if label is None or label.width * height > page.size[1] * 0.6:
            continue
        page.put(label, 0.0, y, height, row)
        x = max(label.width * height + 0.4 * height, column * page.size[1] if aligned else 0.0)
        end = page.size[1] * float(rng.choice([1.0, 1.0, rng.uniform(0.75, 1.0)]))
        if kind < 0.5:
            page.rule([(x, y + 0.15 * height), (end, y + 0.15 * height)], thickness, shade)
        elif kind < 0.65:
            for dot in np.arange(x, end, height * 0.35).tolist():
                page.rule([(dot, y), (dot + 1.2, y)], thickness * 1.3, shade)
        elif kind < 0.9:
            page.rule(shapes.rectangle((x, y - boxed * height, end, y + 0.45 * height)), thickness, shade)
        if happens(rng, filled):
            numbered = with_digits and happens(rng, 0.7)
            makers = (date, amount, phone, measure, place, code, clock)
            words = makers[int(rng.integers(len(makers)))](rng, language) if numbered else _answer(rng)
            run = write(hand, " ".join(words))
            if run and run.width * own < (end - x) * 1.1:
                left, base = x + float(rng.uniform(0.1, 0.6)) * height, y + float(rng.normal(0, 0.08)) * height
                page.put(of_own_pen(run, page, hand), left, base, own, row)
            elif happens(rng, 0.5):
                scrawl(page, scrawls.signature(rng), x + 0.4 * height, y, height, hand)
        y += pitch


def _answer(rng: np.random.Generator) -> list[str]:
    """What stands in a field without digits."""
    return person(rng) if happens(rng, 0.5) else [pick(rng, f"{CITIES} {PRODUCTS} nil none yes no N/A ok -")]


def _choices(page: Composer, y: float, height: float, row: Row) -> None:
    """Boxes to tick, some ticked."""
    rng, x = page.rng, 0.0
    side, ring = height * float(rng.uniform(0.8, 1.2)), happens(page.rng, 0.2)
    for _ in range(int(rng.integers(2, 4))):
        run = write(page.scribe, one_of(rng, CHOICES))
        if run is None or x + side + (run.width + 1.5) * height > page.size[1]:
            break
        area = (x, y - side, x + side, y)
        page.rule(shapes.polygon(area, shapes.ROUND_CORNERS) if ring else shapes.rectangle(area), 1.2)
        if happens(rng, 0.4):
            mark = scrawls.tick(rng) if happens(rng, 0.5) else scrawls.cross(rng)
            scrawl(page, mark, x + 0.1 * side, y - 0.1 * side, side, page.second)
        page.put(run, x + side + 0.4 * height, y, height, row)
        x += side + (run.width + 1.5) * height


def price_tags(page: Composer) -> None:
    """One to four tags with what something is and what it costs."""
    rng, language = page.rng, any_language(page.rng)
    columns, rows = int(rng.choice([1, 1, 2])), int(rng.choice([1, 2, 2]))
    page.page.told = columns == 1
    part = page.size[1] / columns, page.size[0] / rows
    sign, raised = str(rng.choice(["$", "€", "£", ""])), happens(rng, 0.35)
    filled, framed = float(rng.choice([0.0, 0.15, 0.3])), happens(rng, 0.7)
    for index in range(columns * rows):
        column, row = index % columns, index // columns
        x0, y0 = column * part[0] + 4, row * part[1] + 4
        area = (x0, y0, x0 + part[0] - 8, y0 + part[1] - 8)
        if filled:
            page.fill(shapes.rectangle(area), filled)
        if framed:
            page.rule(shapes.rectangle(area), float(rng.uniform(1, 3)))
        inner = (area[0] + 6, area[1] + 4, area[2] - 6, area[3] - 4)
        split = inner[1] + (inner[3] - inner[1]) * 0.4
        words = [pick(rng, PRODUCTS), *(measure(rng, language) if happens(rng, 0.4) else [])]
        centred(page, [(" ".join(words), 0.7)], (inner[0], inner[1], inner[2], split))
        whole, cents = digits(rng, int(rng.integers(1, 4))), digits(rng, 2)
        lower = (inner[0], split, inner[2], inner[3])
        if raised:
            _raised(page, whole, cents, lower)
        else:
            price = f"{sign}{whole}.{cents}" if happens(rng, 0.6) else f"{whole},{cents} {sign}".strip()
            centred(page, [(price, 1.5)], lower, fill=0.6)


def _raised(page: Composer, whole: str, cents: str, area: shapes.Area) -> None:
    """A price whose cents are small and stand high."""
    x0, y0, x1, y1 = area
    large, small = page.run(whole, 2.0), page.run(cents, 1.0)
    if large is None or small is None:
        return
    width = large.width + small.width + 0.15
    height = min(page.height, (x1 - x0) / width, (y1 - y0) / 2.4)
    x, y = x0 + (x1 - x0 - width * height) / 2, (y0 + y1) / 2 + height
    row = page.new_row(y - height)
    page.put(large, x, y, height)
    page.put(small, x + (large.width + 0.15) * height, y - height, height)
    row.numbers.append((x, WrittenNumber(whole + cents, f"{whole}.{cents}")))


def package(page: Composer) -> None:
    """A name, small print, a weight, a barcode: the side of a package."""
    rng, language = page.rng, any_language(page.rng)
    with_digits = not happens(rng, LABEL_DIGITLESS)
    lines: list[Line] = [(pick(rng, PRODUCTS).upper() if happens(rng, 0.5) else pick(rng, PRODUCTS), 1.6)]
    for _ in range(int(rng.integers(1, 5))):
        text = one_of(rng, SMALL_PRINT) if happens(rng, 0.6) else pick(rng, language.words)
        if with_digits and happens(rng, 0.75):
            text += " " + " ".join((measure, measure, date, code)[int(rng.integers(4))](rng, language))
        lines.append((text, float(rng.uniform(0.55, 1.0))))
    bottom = page.size[0] * (float(rng.uniform(0.6, 0.8)) if happens(rng, 0.5) else 1.0)
    if bottom < page.size[0]:
        x0, x1 = float(rng.uniform(0, 0.3)) * page.size[1], float(rng.uniform(0.6, 1.0)) * page.size[1]
        _coded(page, (x0, bottom + 4, x1, page.size[0]), with_digits)
    centred(page, lines, (0, 0, page.size[1], bottom), float(rng.choice([0.0, 0.5])), float(rng.uniform(0, 1)))


def _coded(page: Composer, area: shapes.Area, numbered: bool) -> None:
    """A barcode, its number below it or not; or a chequered code."""
    x0, y0, x1, y1 = area
    if happens(page.rng, 0.3):
        shapes.chequered(page, area)
        return
    below = (y1 - y0) * 0.25 if numbered and happens(page.rng, 0.7) else 0.0
    shapes.barcode(page, (x0, y0, x1, y1 - below))
    if below > 9:
        centred(page, [(digits(page.rng, int(page.rng.choice([8, 12, 13]))), 1.0)], (x0, y1 - below, x1, y1))


def plate(page: Composer) -> None:
    """The plate of a device or a car: a model, volts, watts, letters and numbers."""
    rng, language = page.rng, any_language(page.rng)
    lines: list[Line] = []
    if happens(rng, 0.3):
        lines.append((" ".join(code(rng, language)), 2.0))
    else:
        lines.append((pick(rng, f"{CITIES} MODEL TYPE SERIES").upper(), 1.3))
        for _ in range(int(rng.integers(1, 6))):
            kind = rng.uniform()
            text = one_of(rng, PLATE_LINES) if kind < 0.4 else " ".join(measure(rng, language))
            lines.append((f"No. {digits(rng, int(rng.integers(3, 9)))}" if kind > 0.85 else text, 0.9))
    margin = float(rng.uniform(4, 20))
    area = (margin, margin, page.size[1] - margin, page.size[0] - margin)
    if happens(rng, 0.5):
        page.rule(shapes.rectangle((2, 2, page.size[1] - 2, page.size[0] - 2)), float(rng.uniform(1, 4)))
    centred(page, lines, area, float(rng.choice([0.0, 0.5])), float(rng.uniform(0, 1)))
