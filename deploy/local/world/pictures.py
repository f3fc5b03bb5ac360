"""Small made pictures, as if from a telephone: a meter, a leak, a well, a river, a paper."""

import io
import random

from PIL import Image, ImageDraw, ImageFilter

SIZE = (640, 480)
QUALITY = 62


def picture(kind: str, chance: random.Random) -> bytes:
    """A JPEG of some 15 kB; each differs a little. Unknown kinds show a landscape."""
    image = Image.new("RGB", SIZE, _shade((206, 222, 232), chance))
    draw = ImageDraw.Draw(image)
    _land(draw, chance)
    {
        "well": _well,
        "meter": _meter,
        "leak": _leak,
        "canal": _canal,
        "river": _river,
        "paper": _paper,
        "bill": _paper,
        "receipt": _receipt,
        "pump": _well,
        "screen": _screen,
    }.get(kind, _canal)(draw, chance)
    image = _grain(image, chance)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


Colour = tuple[int, int, int]


def _shade(colour: Colour, chance: random.Random, by: int = 14) -> Colour:
    change = chance.randint(-by, by)
    red, green, blue = (max(0, min(255, part + change)) for part in colour)
    return red, green, blue


def _land(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    top = chance.randint(170, 220)
    hills = [(0, top)]
    for x in range(0, SIZE[0] + 80, 80):
        hills.append((x, top - chance.randint(20, 110)))
    draw.polygon([*hills, (SIZE[0], top), SIZE, (0, SIZE[1])], fill=_shade((148, 138, 112), chance))
    ground = top + chance.randint(10, 40)
    draw.rectangle((0, ground, *SIZE), fill=_shade((176, 158, 118), chance))
    for _ in range(90):
        x, y = chance.randint(0, SIZE[0]), chance.randint(ground, SIZE[1])
        draw.ellipse((x, y, x + 5, y + 3), fill=_shade((120, 116, 82), chance, 30))


def _well(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    x = chance.randint(240, 360)
    dark = _shade((70, 74, 80), chance)
    for foot in (-90, 90):
        draw.line((x + foot, 430, x, 70), fill=dark, width=11)
    draw.line((x - 55, 290, x + 55, 290), fill=dark, width=8)
    draw.line((x, 70, x, 430), fill=(40, 42, 46), width=6)
    draw.rectangle((x + 100, 330, x + 230, 420), fill=_shade((166, 62, 44), chance))
    draw.ellipse((x + 110, 400, x + 150, 440), fill=(30, 30, 30))
    draw.ellipse((x + 180, 400, x + 220, 440), fill=(30, 30, 30))
    draw.ellipse((x - 60, 415, x + 60, 450), fill=(92, 80, 58))


def _meter(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    draw.rectangle((0, 330, 640, 392), fill=_shade((92, 104, 116), chance))
    draw.ellipse((150, 70, 490, 410), fill=_shade((28, 70, 128), chance))
    draw.ellipse((178, 98, 462, 382), fill=(236, 238, 234))
    draw.rectangle((222, 186, 418, 246), fill=(24, 26, 28))
    reading = f"{chance.randint(10_000, 99_999)}"
    for n, digit in enumerate(reading):
        left = 228 + n * 38
        draw.rectangle((left, 192, left + 33, 240), fill=(246, 246, 240))
        draw.text((left + 6, 194), digit, fill=(20, 20, 20), font_size=40)
    draw.text((300, 266), "m3", fill=(60, 60, 60), font_size=26)
    draw.line((320, 330, 320 + chance.randint(-40, 40), 290), fill=(190, 30, 30), width=5)


def _leak(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    _canal(draw, chance)
    x = chance.randint(280, 360)
    draw.line((x, 250, x + 18, 300, x - 12, 350), fill=(50, 46, 40), width=7)
    for n in range(34):
        drop = chance.randint(0, 120)
        draw.ellipse(
            (x - 20 + n, 320 + drop, x - 12 + n, 332 + drop), fill=_shade((128, 176, 206), chance)
        )
    draw.ellipse((x - 150, 420, x + 170, 470), fill=_shade((112, 158, 190), chance))


def _canal(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    grey = _shade((178, 178, 172), chance)
    draw.polygon(((250, 190), (390, 190), (620, 480), (20, 480)), fill=grey)
    draw.polygon(
        ((278, 190), (362, 190), (500, 480), (140, 480)), fill=_shade((96, 142, 160), chance)
    )
    for n in range(7):
        y = 220 + n * 38
        draw.arc((230 - n * 12, y, 410 + n * 12, y + 18), 10, 170, fill=(198, 216, 220), width=2)


def _river(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    water = _shade((92, 124, 118), chance)
    draw.polygon(
        (
            (330, 200),
            (380, 200),
            (520, 300),
            (400, 400),
            (560, 480),
            (120, 480),
            (300, 360),
            (400, 290),
        ),
        fill=water,
    )
    draw.rectangle((70, 270, 250, 360), fill=_shade((190, 150, 120), chance))
    draw.line((250, 352, 372, 372), fill=(64, 60, 54), width=16)
    draw.polygon(
        ((372, 366), (440, 390), (400, 450), (350, 400)), fill=_shade((66, 60, 44), chance)
    )


def _paper(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    draw.rectangle((0, 0, *SIZE), fill=_shade((112, 92, 70), chance))
    draw.polygon(((130, 24), (520, 36), (506, 462), (118, 448)), fill=(246, 244, 236))
    draw.rectangle((150, 52, 500, 86), fill=_shade((28, 92, 104), chance))
    for n in range(13):
        y = 116 + n * 24
        draw.line((160 + chance.randint(0, 70), y, 490, y + 2), fill=(120, 122, 124), width=4)
    draw.ellipse((180, 372, 262, 446), outline=_shade((44, 66, 150), chance), width=5)


def _receipt(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    draw.rectangle((0, 0, *SIZE), fill=_shade((84, 88, 92), chance))
    draw.polygon(((230, 10), (430, 20), (420, 470), (222, 462)), fill=(250, 250, 246))
    for n in range(14):
        y = 44 + n * 28
        draw.line((250, y, 330 + chance.randint(0, 70), y + 1), fill=(90, 90, 94), width=3)
    draw.text((262, 420), f"{chance.randint(10**11, 10**12 - 1)}", fill=(30, 30, 30), font_size=20)


def _screen(draw: ImageDraw.ImageDraw, chance: random.Random) -> None:
    draw.rectangle((0, 0, *SIZE), fill=_shade((58, 60, 66), chance))
    draw.rounded_rectangle((200, 14, 440, 466), 26, fill=(18, 20, 22))
    draw.rectangle((214, 44, 426, 436), fill=(250, 250, 250))
    draw.rectangle((214, 44, 426, 84), fill=_shade((10, 78, 94), chance))
    draw.rectangle((232, 120, 408, 200), fill=(252, 228, 226), outline=(178, 32, 32), width=3)
    for n in range(5):
        draw.line((250, 236 + n * 30, 400, 236 + n * 30), fill=(170, 172, 176), width=6)


def _grain(image: Image.Image, chance: random.Random) -> Image.Image:
    """A little blur and turn, as of a hand."""
    turned = image.rotate(
        chance.uniform(-2.2, 2.2), Image.Resampling.BICUBIC, fillcolor=(150, 140, 120)
    )
    return turned.filter(ImageFilter.GaussianBlur(0.7))
