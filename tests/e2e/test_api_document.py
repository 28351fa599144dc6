"""What docs/ shows of the counting API and its stores is what happens: every example is run.

pages.py says how such a page is written.
"""

import re

import pytest

from footfall_process import binary
from http_client import ask
from pages import ROOT, Page, Reader, pattern_of

PAGES = ["api.md", "moving.md", "storage.md"]


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_a_page_happen(name, folder, start_footfall, request):
    page = Page(name)
    redis = request.getfixturevalue("redis") if page.uses_redis else None
    reader = Reader(page, folder, binary(), start_footfall, redis)
    problems = [reader.run(command, shown) for block in page.blocks for command, shown in block]
    assert not any(problems), "\n".join(filter(None, problems))
    assert len(problems) > 5, "the page has lost its examples"


@pytest.mark.parametrize("name", ["api.md", "moving.md"])
def test_what_the_html_of_a_page_names_is_there(name, start_footfall):
    footfall = start_footfall(store="memory:", workers=1)
    addresses = Page(name).addresses
    assert addresses
    for address in addresses:
        answer = ask(footfall.address, target=address.replace("&amp;", "&"))
        assert answer.status == 200, (address, answer)


def _anchors(text):
    """As GitHub makes them of headings."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def test_what_documents_link_to_is_there():
    for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")]:
        for target, anchor in re.findall(r"\]\(([^):#]*)(?:#([^)]*))?\)", path.read_text()):
            there = (path.parent / target).resolve() if target else path
            assert there.exists(), f"{path}: {target}"
            if anchor:
                assert anchor in _anchors(there.read_text()), f"{path}: {target}#{anchor}"


def test_a_word_of_a_page_stands_for_its_kind_alone():
    pattern = pattern_of('{"admin_key":"ADMIN_KEY"} MILLISECONDS MILLISECONDS')
    key = "66f3acc3-c164-4534-8f5c-4680cc98e899"
    found = pattern.fullmatch(f'{{"admin_key":"{key}"}} 1795740604130 1795740604131')
    assert found["ADMIN_KEY"] == key and found["MILLISECONDS"] == "1795740604130"
    assert not pattern.fullmatch('{"admin_key":"none"} 1795740604130 1795740604131')
