"""Has badges read by an XML parser: each is well-formed, and says and shows what it was asked to.

usage: check_badges.py BADGE_PRINTER (made from badge_printer.c). Results as TAP.
"""

import random
import re
import subprocess
import sys
import unicodedata
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"
NUMBERS = (0, 1, 999950, -(2**63), 2**63 - 1)
#: Of these one alone may be dropped, replaced or escaped; together they may be worse.
PIECES = (
    b"<", b">", b"&", b'"', b"'", b"]]>", b"<!--", b"--", b"<?", b"&#0;", b"&lt", b"%", b"%s", b"\\",
    b"\0", b"\x01", b"\x1b[2J", b"\t", b"\r\n", b" ", b"\x7f", b"\x80", b"\xc2\x85", b"\xff\xfe",
    b"\xc0\xbc", b"\xe0\x80\xbc", b"\xf0\x80\x80\xbc", b"\xed\xa0\xbd", b"\xed\xb8\x80", b"\xf4\x90",
    b"\xf0\x9f\x98", b"\xef\xbf\xbe", b"\xef\xbf\xbf", b"\xef\xb7\x90", b"\xef\xbb\xbf", b"a", b"W",
    "\u202e".encode(), "\u2067".encode(), "\u2069".encode(), "\u200f".encode(), "\u05d0".encode(),
    "\u0644".encode(), "\u0301".encode(), "\u200d".encode(), "\ufe0f".encode(), "\u8a2a".encode(),
    "\U0001f469\u200d\U0001f469".encode(), "\U0001f1e9".encode(), "\U0010ffff".encode(),
)


def printed(printer, requests):
    """The badges for (label or None, color, label_color, style, format, number), all but the number
    bytes."""
    lines = []
    for label, *words, number in requests:
        shown = ["-" if label is None else label.hex()] + [word.hex() for word in words]
        lines.append(" ".join((*shown, str(number))) + "\n")
    done = subprocess.run([printer], input="".join(lines).encode(), capture_output=True, check=True)
    output, badges = done.stdout, []
    while output:
        length, output = output.split(b"\n", 1)
        badges.append(output[: int(length)])
        output = output[int(length):]
    assert len(badges) == len(requests), f"{len(badges)} badges for {len(requests)}"
    return badges


def check(badge, number):
    """Of any badge: its form, and that its texts lie in their boxes."""
    image = ElementTree.fromstring(badge)
    assert {element.tag for element in image.iter()} <= {
        SVG + tag for tag in ("svg", "title", "path", "g", "text")
    }
    names = {name for element in image.iter() for name in element.attrib}
    assert not names & {"href", "style", "id", "class"} and not any(
        name.startswith("on") for name in names
    )
    assert image.get("role") == "img" and image.get("height") == "20"
    title = image.find(SVG + "title").text
    assert image.get("aria-label") == title
    texts = list(image.iter(SVG + "text"))
    assert texts[-1].text == number and title.endswith(number)
    boxes = [
        [float(place) for place in re.match(r"M(\d+) 0H(\d+)", path.get("d")).groups()]
        for path in image.iter(SVG + "path")
    ]
    assert len(boxes) == len(texts)
    for text, (left, right) in zip(texts, boxes):
        middle, half = float(text.get("x")), float(text.get("textLength")) / 2
        assert left < middle - half and middle + half < right, ElementTree.tostring(text)
        assert text.text == text.text.strip(" \t\r\n") and len(text.text) <= 200
        for character in text.text:
            assert unicodedata.category(character) != "Cc"
            assert unicodedata.bidirectional(character) not in (
                "LRE", "LRO", "RLE", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"
            )
    assert float(image.get("width")) >= boxes[-1][1]
    return texts[0].text if len(texts) > 1 else ""


def labels_are_xml(printer):
    labels = [bytes([first]) for first in range(256)]
    labels += [bytes(range(256)), bytes(range(255, -1, -1)), b"\xff" * 3000]
    labels += [piece * 250 for piece in PIECES]
    labels += [bytes([first, second]) for first in range(192, 256) for second in range(0, 256, 5)]
    chance = random.Random(7)
    labels += [
        b"".join(chance.choices(PIECES, k=chance.choice((2, 5, 30, 199, 201, 300))))
        for _ in range(3000)
    ]
    labels += [chance.randbytes(chance.choice((1, 3, 20, 300))) for _ in range(1000)]
    requests = [(label, b"", b"", b"", b"", number)
                for label, number in zip(labels, NUMBERS * len(labels))]
    for request, badge in zip(requests, printed(printer, requests)):
        try:
            check(badge, str(request[-1]))
        except Exception as error:
            raise AssertionError(f"label {request[0]!r}: {error!r}") from error


def an_ordinary_label_is_shown_as_it_is(printer):
    labels = ("visitors", "a & b <c> \"d\" 'e'", "Größe", "посетители", "訪問者数", "מבקרים", "❤️ 👍🏽")
    requests = [(label.encode(), b"", b"", b"", b"", 5) for label in labels]
    for label, badge in zip(labels, printed(printer, requests)):
        assert check(badge, "5") == label


def options_are_never_markup(printer):
    values = [b"", b"red", b"#4c1", b"short", b"flat-square", *PIECES, b'"/><script>']
    requests = [
        (b"x", *(value if place == own else b"" for place in range(4)), 7)
        for value in values for own in range(4)
    ]
    for badge in printed(printer, requests):
        assert check(badge, "7") == "x"
        assert b"script" not in badge


def the_same_badge_is_the_same_bytes(printer):
    request = ("\u05d0 b".encode(), b"red", b"", b"", b"short", 1234)
    first, *others = printed(printer, [request] * 5)
    assert all(other == first for other in others)


TESTS = (labels_are_xml, an_ordinary_label_is_shown_as_it_is, options_are_never_markup,
         the_same_badge_is_the_same_bytes)


def main():
    failed = False
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        try:
            test(sys.argv[1])
            print(f"ok {number} - {test.__name__}")
        except Exception as error:
            failed = True
            print(f"not ok {number} - {test.__name__}")
            print("# " + repr(error).replace("\n", "\n# "), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
