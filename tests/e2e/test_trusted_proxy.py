"""--trusted-proxy: Forwarded and X-Forwarded-For of the trusted are believed, of strangers never."""

import os

import pytest

from forms import BALANCED, EACH_FORM
from http_client import Client, ask, request
from proxy_protocol import binary_header, text_header

pytestmark = BALANCED

FIELDS = {
    "older": (["X-Forwarded-For: 192.0.2.1"], "X-Forwarded-For", "192.0.2.1"),
    "older_list": (["X-Forwarded-For: 6.6.6.6, 192.0.2.1, 127.0.0.1"], "X-Forwarded-For",
                   "192.0.2.1"),
    "older_lines": (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 192.0.2.2"],
                    "X-Forwarded-For", "192.0.2.2"),
    "older_v6": (["x-forwarded-for: 2001:db8::1"], "X-Forwarded-For", "2001:db8::1"),
    "older_unknown": (["X-Forwarded-For: unknown"], "X-Forwarded-For", "-"),
    "standard": (["Forwarded: for=192.0.2.3;proto=https"], "Forwarded", "192.0.2.3"),
    "standard_v6": (['Forwarded: for="[2001:db8::2]:4711"'], "Forwarded", "2001:db8::2"),
    "standard_hidden": (["Forwarded: for=192.0.2.4, for=_hidden"], "Forwarded", "-"),
    "standard_malformed": (["Forwarded: for=192.0.2.4, nonsense"], "Forwarded", "-"),
    "both": (["X-Forwarded-For: 192.0.2.5", "Forwarded: for=192.0.2.6"], "Forwarded",
             "192.0.2.6"),
}


def named(footfall):
    """What was told at level debug: [(by, peer, client)]."""
    return [
        (line.fields["by"], line.fields["peer"], line.fields["client"])
        for line in footfall.events("client_named")
    ]


def test_a_stranger_is_not_believed(start_footfall):
    for trusted in ([], ["--trusted-proxy", "10.0.0.0/8"], ["--trusted-proxy", "unix"]):
        footfall = start_footfall(
            *trusted, "--log-level", "debug", store="memory:", workers=1
        )
        for fields, _, _ in FIELDS.values():
            assert ask(footfall.address, fields=fields).visit
        footfall.stop()
        assert named(footfall) == []


@EACH_FORM
@pytest.mark.parametrize("listen", ["127.0.0.1:0", ":0", "unix"])
def test_a_trusted_proxy_is_believed_request_by_request(listen, workers, start_footfall):
    path = os.path.join(start_footfall.folder, "socket")
    footfall = start_footfall(
        "--listen", f"unix:{path}" if listen == "unix" else listen, "--log-level", "debug",
        "--trusted-proxy", "10.0.0.0/8", "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "unix",
        store="memory:", workers=workers,
    )
    address = path if listen == "unix" else ("127.0.0.1", footfall.port)
    peer = "-" if listen == "unix" else "127.0.0.1"
    with Client(address) as client:  # one proxy's connection, many visitors
        stream = request() + b"".join(request(fields=fields) for fields, _, _ in FIELDS.values())
        client.send(stream)
        assert all(response.visit for response in client.read_responses(1 + len(FIELDS)))
    footfall.wait_for_log("client_named", count=len(FIELDS))
    assert named(footfall) == [(by, peer, client) for _, by, client in FIELDS.values()]


def test_a_head_may_be_cut_anywhere(start_footfall):
    path = os.path.join(start_footfall.folder, "socket")
    footfall = start_footfall(
        "--listen", f"unix:{path}", "--trusted-proxy", "unix", "--log-level", "debug",
        store="memory:", workers=0,
    )
    stream = b"\r\n" + request(fields=["A: b", "X-Forwarded-For: 6.6.6.6, 192.0.2.1"])
    cuts = range(1, len(stream), 5)
    for cut in cuts:
        with Client(path) as client:
            client.send_and_see_it_read(stream[:cut])
            client.send(stream[cut:])
            assert client.read_response().visit
    footfall.wait_for_log("client_named", count=len(cuts))
    assert set(named(footfall)) == {("X-Forwarded-For", "-", "192.0.2.1")}


@pytest.mark.parametrize("make", [text_header, binary_header])
def test_behind_a_proxy_header_the_one_it_names_must_be_trusted(make, start_footfall):
    """Whoever connects straight to the balancer cannot pass for another, though it is trusted."""
    footfall = start_footfall(
        "--listen", "127.0.0.1:0,proxy", "--trusted-proxy", "127.0.0.0/8 10.0.0.0/8",
        "--log-level", "debug", store="memory:", workers=1,
    )
    forged = request(fields=["X-Forwarded-For: 6.6.6.6", "Connection: close"])
    for client_address in ("192.0.2.9", "10.0.0.7"):
        with Client(footfall.address) as client:
            client.send(make(client_address) + forged)
            assert client.read_response().visit
    footfall.stop()
    assert named(footfall) == [
        ("PROXY", "127.0.0.1", "192.0.2.9"),
        ("PROXY", "127.0.0.1", "10.0.0.7"),
        ("X-Forwarded-For", "10.0.0.7", "6.6.6.6"),
    ]


@pytest.mark.parametrize("by", ["option", "variable", "file"])
def test_several_may_be_trusted(by, start_footfall, folder):
    options, env = [], {}
    if by == "option":
        options = ["--trusted-proxy", "10.0.0.0/8", "--trusted-proxy=127.0.0.1"]
    elif by == "variable":
        env = {"FOOTFALL_TRUSTED_PROXY": " 10.0.0.0/8\t127.0.0.1 "}
    else:
        path = os.path.join(folder, "footfall.ini")
        with open(path, "w", encoding="ascii") as file:
            file.write("trusted-proxy = 192.0.2.0/24 unix\ntrusted-proxy = 127.0.0.1\n")
        options = ["--config", path]
    footfall = start_footfall(
        *options, "--log-level", "debug", env=env, store="memory:", workers=0
    )
    assert ask(footfall.address, fields=["X-Forwarded-For: 198.51.100.1"]).visit
    footfall.wait_for_log("client_named", client="198.51.100.1")


def test_an_option_replaces_what_others_trust(start_footfall):
    footfall = start_footfall(
        "--trusted-proxy", "none", "--log-level", "debug",
        env={"FOOTFALL_TRUSTED_PROXY": "127.0.0.1"}, store="memory:", workers=0,
    )
    assert ask(footfall.address, fields=["X-Forwarded-For: 198.51.100.1"]).visit
    footfall.stop()
    assert named(footfall) == []
