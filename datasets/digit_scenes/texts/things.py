"""Things with numbers, and without: dates, times, phones, amounts, measures, codes, names and addresses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from digit_scenes.chance import happens
from digit_scenes.texts.languages import Language, pick

FIRST_NAMES = (
    "Anna Ben Carla David Emma Felix Grace Hana Ivan Julia Karim Lena Maria Noah Olga Paul Rosa Samuel Tom Uma "
    "Vera Wafula Yusuf Zoe Amina Juma Pierre Claire Jürgen Petra Jana Tomáš Lucía José João Inês Asha Rahel "
    "Otieno Wanjiku Neema"
)
SURNAMES = (
    "Smith Brown Miller Novak Dubois Moreau Weber Schmidt Garcia Lopez Silva Santos Mwangi Otieno Kamau Hassan "
    "Khan Patel Jensen Rossi Kowalski Dvořák Müller Fischer Martin Bernard Costa Pereira Adams Baker Clark "
    "Evans Hill King Lee Moore"
)
STREETS = (
    "Mill Road|High Street|Station Road|Park Lane|Church Street|Hauptstraße|Bahnhofstr.|Gartenweg|"
    "rue de la Gare|rue des Fleurs|avenue du Parc|Calle Mayor|Rua das Flores|Avenida Central|Moi Avenue|"
    "Market Street|Na Poříčí|Kings Way"
)
CITIES = "London Paris Berlin Madrid Lisboa Nairobi Praha Lyon Wien Zürich Oslo Porto Sevilla Mombasa Brno Leeds Bonn"
UNITS = (
    "kg g mg t km m cm mm l ml dl V W kW kWh A mA Hz kHz MHz °C % min h s km/h bar Pa kPa GB MB TB dB px pcs "
    "Stk. lb oz ft in gal mph kcal kJ rpm mAh dpi qm St. Std. Tage jours days persons pages"
)
CODES = (
    "A4 A3 B12 H2O CO2 O2 MP3 MP4 4x4 7up K9 R2 C3 E5 M25 A1 B2 5G 4G G7 V8 3D 2D T1 P2 S21 U5 E10 NO2 H2 SO4 "
    "PM10 Q1 Q4 F1 F5 X3 N95 B1 C1 H1 24h 2x x2 3x5 5a 5b 12c 7B COVID-19 B-52 F-16 A-12 1A 2B 3C W3C I18N H264 "
    "WD40 E120 K2"
)
PRODUCTS = (
    "Milk Bread Eggs Sugar Rice Flour Butter Cheese Apples Bananas Coffee Tea Salt Oil Beans Soap Paper Water "
    "Juice Honey Lait Pain Beurre Fromage Milch Brot Käse Kaffee Leche Queso Arroz Leite Café Mkate Sukari "
    "Maziwa Unga Mléko Cukr"
)
CURRENCIES = ("$", "€", "£")
TOWN_WORDS = (
    "STOP EXIT OPEN CLOSED SALE TAXI BAR CAFE HOTEL PARKING ENTRANCE PULL PUSH TOILETS INFO BANK PHARMACY "
    "SORTIE EINGANG AUSFAHRT SALIDA ABIERTO KIOSK BAKERY SHOP RESTAURANT MARKET POLICE SCHOOL SLOW GIVE WAY ONE "
    "NO SMOKING DANGER KARIBU"
)
Maker = Callable[[np.random.Generator, Language], list[str]]
"""Makes the words of a thing."""


def digits(rng: np.random.Generator, count: int) -> str:
    """So many digits, the first not 0."""
    return "".join(map(str, [int(rng.integers(1, 10)), *rng.integers(0, 10, max(count - 1, 0)).tolist()]))


def ordinal(rng: np.random.Generator) -> str:
    """As in English."""
    number = int(rng.integers(1, 32))
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 != 1 else "th"
    return f"{number}{ending}"


def date(rng: np.random.Generator, language: Language) -> list[str]:
    """A date as it is written somewhere."""
    day, month = int(rng.integers(1, 32)), int(rng.integers(1, 13))
    year = int(rng.integers(1950, 2031)) if happens(rng, 0.7) else int(rng.integers(0, 100))
    short = f"{year % 100:02d}"
    name = language.months.split()[month - 1]
    forms: list[list[str]] = [
        [f"{day}/{month}/{year}"],
        [f"{day:02d}/{month:02d}/{short}"],
        [f"{day}.{month}.{year}"],
        [f"{day:02d}.{month:02d}.{short}"],
        [f"{max(year, 1990)}-{month:02d}-{day:02d}"],
        [f"{day}-{month}-{short}"],
        [str(day), name, str(max(year, 1950))],
        [f"{day}.", name],
        [name, f"{ordinal(rng)},", str(max(year, 1950))],
        [ordinal(rng), name],
        [name, str(max(year, 1950))],
        [pick(rng, language.days), str(day), name],
    ]
    return forms[int(rng.integers(len(forms)))]


def clock(rng: np.random.Generator, language: Language) -> list[str]:
    """A time of the day."""
    hour, minute = int(rng.integers(0, 24)), int(rng.choice([0, 15, 30, 45, int(rng.integers(60))]))
    forms = [
        [f"{hour}:{minute:02d}"],
        [f"{hour % 12 + 1}.{minute:02d}", pick(rng, "am pm")],
        [f"{hour}h{minute:02d}"],
        [str(hour % 12 + 1), pick(rng, "am pm")],
        [f"{hour}:{minute:02d}", "Uhr"],
    ]
    return forms[int(rng.integers(len(forms)))]


def phone(rng: np.random.Generator, language: Language) -> list[str]:
    """A telephone number, in groups or not."""
    groups = [digits(rng, int(length)) for length in rng.choice([[3, 3, 4], [4, 6, 0], [2, 2, 2], [5, 3, 3]])]
    groups = ["0" + groups[0][1:], *(group for group in groups[1:] if len(group) > 1)]
    front = [f"+{digits(rng, 2)}"] if happens(rng, 0.25) else []
    label = [pick(rng, "Tel. Tel: Phone Simu Fax Mob.")] if happens(rng, 0.6) else []
    body = [str(rng.choice(["-", ""])).join(groups)] if happens(rng, 0.5) else groups
    return label + front + body


def amount(rng: np.random.Generator, language: Language) -> list[str]:
    """Money."""
    whole, cents = digits(rng, int(rng.integers(1, 5))), digits(rng, 2)
    point = str(rng.choice([".", ","]))
    sign = str(rng.choice(CURRENCIES))
    grouped = f"{int(rng.integers(1000, 9_999_999)):,}".replace(",", str(rng.choice([",", ".", ","])))
    forms = [
        [f"{sign}{whole}{point}{cents}"],
        [f"{sign}{whole}"],
        [f"{whole}{point}{cents}", sign],
        [f"{whole}{point}{cents}"],
        [f"{whole},-"],
        [f"{grouped}/-"],
        [pick(rng, "Rs. KSh Kč CHF USD EUR Fr. R$ kr"), grouped],
        [grouped],
        [whole, pick(rng, "Kč F francs euros dollars shillings CHF zł reais")],
    ]
    return forms[int(rng.integers(len(forms)))]


def measure(rng: np.random.Generator, language: Language) -> list[str]:
    """A number and its unit, parted or not."""
    number = digits(rng, int(rng.integers(1, 5)))
    if happens(rng, 0.35):
        number = f"{digits(rng, int(rng.integers(1, 3)))}{rng.choice(['.', ','])}{digits(rng, int(rng.integers(1, 3)))}"
    unit = pick(rng, UNITS)
    return [number + unit] if happens(rng, 0.4) else [number, unit]


def code(rng: np.random.Generator, language: Language) -> list[str]:
    """A code of letters and digits."""
    if happens(rng, 0.5):
        return [pick(rng, CODES)]
    letters = "".join(rng.choice(list("ABCDEFGHJKLMNPRSTUVWXYZ"), int(rng.integers(1, 4))).tolist())
    number = digits(rng, int(rng.integers(1, 5)))
    return [str(rng.choice([letters + number, f"{letters}-{number}", f"{letters} {number}", number + letters[0]]))]


def place(rng: np.random.Generator, language: Language) -> list[str]:
    """Something numbered: a room, a page."""
    name = pick(rng, language.places)
    name = name.capitalize() if happens(rng, 0.5) else name
    return [name, digits(rng, int(rng.integers(1, 4))) + pick(rng, ["", "", "", "a", "b", ",", "."])]


def counted(rng: np.random.Generator, language: Language) -> list[str]:
    """So many of something."""
    return [digits(rng, int(rng.integers(1, 4))), pick(rng, language.words)]


def address(rng: np.random.Generator, language: Language) -> list[str]:
    """A street with its house."""
    street = pick(rng, STREETS.split("|")).split()
    number = digits(rng, int(rng.integers(1, 4)))
    return [number, *street] if happens(rng, 0.5) else [*street, number]


def town(rng: np.random.Generator, language: Language) -> list[str]:
    """A town with its code."""
    return (
        [digits(rng, 5), pick(rng, CITIES)]
        if happens(rng, 0.7)
        else [pick(rng, CITIES), pick(rng, "SW1 N7 E12 M20 B5")]
    )


def nth(rng: np.random.Generator, language: Language) -> list[str]:
    """The second of something, number three."""
    number = digits(rng, int(rng.integers(1, 4)))
    forms = [[ordinal(rng), pick(rng, language.words)], [pick(rng, "No. Nr. # n° no"), number], [f"#{number}"]]
    return forms[int(rng.integers(len(forms)))]


def reckoned(rng: np.random.Generator, language: Language) -> list[str]:
    """A share, a size, a span, a scale, a fraction, a small sum, or a number in brackets."""
    a, b, c = (digits(rng, int(rng.integers(1, 4))) for _ in range(3))
    forms = [
        [f"{a} %"],
        [f"{a}%"],
        [f"{a[0]}.{b}%"],
        [a, "×", b, pick(rng, "cm mm m km")],
        [f"{a}x{b}"],
        [f"{a[0]} × {b}"],
        [f"{a}-{b}"],
        [f"1:{a}00"],
        [f"{a[0]}/{int(b[0]) + 1}"],
        [f"{a[0]}+{b[0]}={int(a[0]) + int(b[0])}"],
        [a, "+", b, "=", str(int(a) + int(b))],
        [a, ":", b[0], "=", str(int(a) // int(b[0]))],
        [str(int(a[0]) * int(b[0])), "÷", a[0], "=", b[0]],
        [f"({a})"],
        [f"(+{c}", "%)"],
        [f"-{a}", "°C"],
    ]
    return forms[int(rng.integers(len(forms)))]


NUMBERED: tuple[Maker, ...] = (date, clock, phone, amount, measure, code, place, counted, address, town, nth, reckoned)
"""All things with numbers."""


def numbered(rng: np.random.Generator, language: Language) -> list[str]:
    """Anything with a number."""
    return NUMBERED[int(rng.integers(len(NUMBERED)))](rng, language)


def person(rng: np.random.Generator) -> list[str]:
    """A name."""
    first, last = pick(rng, FIRST_NAMES), pick(rng, SURNAMES)
    title = [pick(rng, "Mr. Mrs. Dr. Frau Mme Sr. Prof.")] if happens(rng, 0.15) else []
    return [*title, first[0] + "." if happens(rng, 0.2) else first, last]
