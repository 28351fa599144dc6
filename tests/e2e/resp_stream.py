"""Where in a recorded stream of the Redis protocol each command and each answer begins and ends."""


class Piece:
    """One whole command or answer: `begin` and `end` in the stream, and its `words` (bytes): what
    an array holds, or the one that it is."""

    def __init__(self, begin, end, words):
        self.begin, self.end, self.words = begin, end, words

    def __repr__(self):
        return f"<{self.begin} to {self.end}: {b' '.join(self.words)[:40]!r}>"

    def starts_with(self, *words):
        return self.words[: len(words)] == list(words)


def pieces(stream):
    """The pieces of the stream in order; one that is not whole at its end is left out."""
    found, at = [], 0
    while (read := _read(bytes(stream), at)) is not None:
        end, words = read
        found.append(Piece(at, end, words))
        at = end
    return found


def _read(stream, at):
    line_end = stream.find(b"\r\n", at)
    if line_end < 0:
        return None
    kind, text, end = stream[at : at + 1], stream[at + 1 : line_end], line_end + 2
    if kind in (b"+", b"-", b":"):
        return end, [text]
    assert kind in (b"$", b"*"), stream[at : at + 40]
    if kind == b"$":
        length = int(text)
        if length < 0:
            return end, [b""]
        return (end + length + 2, [stream[end : end + length]]) if end + length + 2 <= len(
            stream
        ) else None
    words = []
    for _ in range(int(text)):
        read = _read(stream, end)
        if read is None:
            return None
        end, more = read
        words += more
    return end, words
