"""Headers of the PROXY protocol, as balancers send them (haproxy.org, proxy-protocol.txt)."""

import ipaddress
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21


def text_header(client, server="198.51.100.2"):
    """Version 1."""
    family = "TCP6" if ":" in client else "TCP4"
    server = "2001:db8::2" if family == "TCP6" else server
    return f"PROXY {family} {client} {server} 4711 80\r\n".encode()


UNKNOWN = b"PROXY UNKNOWN\r\n"


def binary_header(client=None, command=PROXY, tlvs=b""):
    """Version 2; without a client UNSPEC."""
    family, block = 0, b""
    if client is not None:
        address = ipaddress.ip_address(client)
        family = 0x11 if address.version == 4 else 0x21
        server = b"\xc6\x33\x64\x02" if address.version == 4 else address.packed
        block = address.packed + server + struct.pack(">HH", 4711, 80)
    return SIGNATURE + struct.pack(">BBH", command, family, len(block + tlvs)) + block + tlvs


def tlv(kind, value):
    return struct.pack(">BH", kind, len(value)) + value


#: What many balancers add: an id, an authority, padding and a checksum (which nobody compares here).
TLVS = tlv(0x05, b"id" * 10) + tlv(0x02, b"example.org") + tlv(0x04, b"\0" * 30) + tlv(0x03, b"abcd")


class Refusals:
    """How many connections a footfall has refused since this was made, by reason."""

    def __init__(self, footfall, metrics):
        self.footfall = footfall
        self.metrics = metrics
        self.before = self._read()

    def _read(self):
        found = {}
        for (name, labels), value in self.metrics(self.footfall).items():
            if name == "footfall_proxy_refused_total":
                reason = labels.split('reason="')[1].split('"')[0]
                found[reason] = found.get(reason, 0) + int(value)
        return found

    def __call__(self):
        """{reason: count}, without those of which there are none."""
        now = self._read()
        return {r: now[r] - self.before[r] for r in now if now[r] > self.before[r]}
