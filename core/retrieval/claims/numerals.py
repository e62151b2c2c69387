"""Numbers, scales and units as words of English, German, French and Spanish."""

_ONES = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen
"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_GERMAN = """
null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn
sechzehn siebzehn achtzehn neunzehn
"""
_GERMAN_TENS = "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"
_FRENCH = """
zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize
"""
_FRENCH_TENS = "vingt trente quarante cinquante soixante"
_SPANISH = "dos tres cuatro cinco seis siete ocho nueve diez"
_ORDINALS = """
third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
fifteenth sixteenth seventeenth eighteenth nineteenth twentieth
"""
_OTHERS = {
    "twice": 2.0, "double": 2.0, "triple": 3.0, "thrice": 3.0, "dozen": 12.0, "zweimal": 2.0, "dreimal": 3.0, "dreissig": 30.0,
    "half": 0.5, "halb": 0.5, "hälfte": 0.5, "moitié": 0.5, "mitad": 0.5, "½": 0.5, "¼": 0.25, "¾": 0.75,
}  # fmt: skip


def _number_words() -> dict[str, float]:
    found = dict(_OTHERS)
    for names, first, step in (
        (_ONES, 0, 1), (_GERMAN, 0, 1), (_FRENCH, 0, 1), (_SPANISH, 2, 1), (_ORDINALS, 3, 1),
        (_TENS, 20, 10), (_GERMAN_TENS, 20, 10), (_FRENCH_TENS, 20, 10),
    ):  # fmt: skip
        found.update((name, float(first + step * n)) for n, name in enumerate(names.split()))
    for ten in _GERMAN_TENS.split():
        for n, one in enumerate(_GERMAN.split()[:10]):
            found["ein" if n == 1 else one] = float(n)
            found[f"{'ein' if n == 1 else one}und{ten}"] = found[ten] + n
    # "One of them" is no claim about a number; "one week" is, and is looked at apart.
    return {name: value for name, value in found.items() if name not in ONE}


ONE = frozenset(
    (
        "one",
        "ein",
        "eine",
        "einen",
        "einem",
        "einer",
        "eines",
        "eins",
        "un",
        "une",
        "a",
        "an",
        "1st",
    )
)
NUMBER_WORDS = _number_words()
SCALES = {
    "hundred": 1e2, "hundert": 1e2, "thousand": 1e3, "tausend": 1e3, "mille": 1e3, "k": 1e3,
    "million": 1e6, "millions": 1e6, "millionen": 1e6, "mio": 1e6, "mn": 1e6,
    "billion": 1e9, "billions": 1e9, "bn": 1e9, "milliarden": 1e9, "milliards": 1e9, "trillion": 1e12,
}  # fmt: skip
_UNIT_LINES = """
second 1: s sec secs second seconds sekunde sekunden seconde secondes
second 60: min mins minute minutes minuten minuto minutos
second 3600: h hr hrs hour hours stunde stunden heure heures hora horas
second 0.001: ms millisecond milliseconds
second 86400: day days tag tage tagen jour jours día días
second 604800: week weeks woche wochen semaine semaines semana semanas
month 1: month months monat monate monaten mois mes meses
month 3: quarters
month 12: year years yr yrs jahr jahre jahren an ans année années año años
month 120: decade decades
month 1200: century centuries jahrhundert
gram 1: g gram grams gramm
gram 0.001: mg milligram milligrams milligramm
gram 0.000001: µg μg mcg microgram micrograms
gram 1000: kg kilo kilos kilogram kilograms kilogramm
gram 1000000: t tonne tonnes ton tons tonnen
metre 1: m metre metres meter meters mètre mètres
metre 0.01: cm centimetre centimetres centimeter centimeters
metre 0.001: mm millimetre millimetres millimeter millimeters
metre 1000: km kilometre kilometres kilometer kilometers
mile 1: mile miles mi
foot 1: ft foot feet
inch 1: inch inches
litre 1: l litre litres liter liters litern
litre 0.001: ml millilitre millilitres milliliter milliliters
litre 0.01: cl centilitre centilitres
gallon 1: gallon gallons gal
pint 1: pint pints
ounce 1: oz ounce ounces
yard 1: yards yd
acre 1: acre acres
hectare 1: hectare hectares ha
byte 1: byte bytes
byte 1000: kb kilobyte kilobytes
byte 1000000: mb megabyte megabytes
byte 1000000000: gb gigabyte gigabytes
byte 1000000000000: tb terabyte terabytes
watt 1: w watt watts
watt 1000: kw kilowatt kilowatts
volt 1: v volt volts
celsius 1: °c celsius
fahrenheit 1: °f fahrenheit
degree 1: ° degree degrees grad
share 1: % percent per-cent percentage prozent pourcent
euro 1: € eur euro euros
dollar 1: $ usd dollar dollars us$
dollar 0.01: cents cent ¢
pound 0.01: pence penny
pound 1: £ gbp pounds pound
yen 1: ¥ yen jpy
"""
UNITS: dict[str, tuple[str, float]] = {
    name: (line.split()[0], float(line.split()[1].rstrip(":")))
    for line in _UNIT_LINES.strip().splitlines()
    for name in line.partition(": ")[2].split()
}
