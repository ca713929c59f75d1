"""Cut the fonts of the pages and of the PDFs out of the npm package. Runs at build.

Pages get two variable files, latin and vietnamese, cut to what our texts can hold: the first page
must weigh no more than 60 kB, fonts included. Typst wants one plain TTF a weight, because a PDF
must not depend on how a renderer reads variation axes.

Usage: ``python frontend/fonts.py <files folder of the npm package> <output folder>``
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

FAMILY = "Hanken Grotesk"
LIGHTEST, HEAVIEST = 400, 750
STATIC_WEIGHTS = {400: "Regular", 650: "SemiBold", 700: "Bold"}

# Basic Latin, the letters of Latin-1 (foreign names), and the punctuation that we write.
LATIN = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *(0x2013, 0x2014, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2026, 0x2212),
]
# Every letter of Vietnamese in NFC that Latin-1 lacks, and the dong sign.
VIETNAMESE = [
    *(0x102, 0x103, 0x110, 0x111, 0x128, 0x129, 0x168, 0x169, 0x1A0, 0x1A1, 0x1AF, 0x1B0),
    *range(0x1EA0, 0x1EFA),
    0x20AB,
]
SUBSETS = {"latin": LATIN, "vietnamese": VIETNAMESE}


def cut(font: TTFont, characters: list[int], *, names: bool) -> None:
    options = subset.Options()
    options.layout_features = ["kern", "mark", "mkmk", "ccmp", "locl", "tnum"]
    options.hinting = False
    options.desubroutinize = True
    options.notdef_outline = True
    options.name_IDs = ["*"] if names else [1, 2]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=characters)
    cutter.subset(font)


def make_web_font(source: Path, characters: list[int], target: Path) -> None:
    font = TTFont(source)
    cut(font, characters, names=False)
    font = instancer.instantiateVariableFont(font, {"wght": (LIGHTEST, HEAVIEST)})
    font.flavor = "woff2"
    font.save(target)


def make_print_font(sources: dict[str, Path], weight: int, style: str, target: Path) -> None:
    parts = []
    for name, source in sources.items():
        font = TTFont(source)
        cut(font, SUBSETS[name], names=True)
        font = instancer.instantiateVariableFont(font, {"wght": weight})
        font.flavor = None
        part = target.with_suffix(f".{name}.part")
        font.save(part)
        parts.append(part)
    font = Merger().merge([str(part) for part in parts])
    for part in parts:
        part.unlink()
    font["OS/2"].usWeightClass = weight
    names = font["name"]
    names.names = []
    for number, text in {
        1: FAMILY,
        2: style,
        4: f"{FAMILY} {style}",
        16: FAMILY,
        17: style,
    }.items():
        names.setName(text, number, 3, 1, 0x409)
    names.setName(f"HankenGrotesk-{style}", 6, 3, 1, 0x409)
    font.save(target)


def main(files: Path, output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    sources = {name: files / f"hanken-grotesk-{name}-wght-normal.woff2" for name in SUBSETS}
    for name, characters in SUBSETS.items():
        make_web_font(sources[name], characters, output / f"hanken-{name}.woff2")
    for weight, style in STATIC_WEIGHTS.items():
        make_print_font(sources, weight, style, output / f"HankenGrotesk-{style}.ttf")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
