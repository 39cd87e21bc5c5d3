"""Endless answers cut into pieces: lines of text, and the frames in which engines mix stdout and stderr."""

import codecs
from collections.abc import AsyncIterator

import aiohttp

LONGEST_LINE = 1 << 20
_HEADER = 8


async def lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines without their ends; one longer than a megabyte comes in pieces."""
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line
        if len(rest) > LONGEST_LINE:
            yield rest
            rest = b""
    if rest:
        yield rest


async def frames(content: aiohttp.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """(stream, bytes) pairs of a multiplexed answer; 1 is stdout, 2 stderr."""
    rest = bytearray()
    stream, left = 1, 0  # of the frame that is being read: as much of it as came is handed on, whatever length it claims
    async for chunk in content.iter_any():
        rest += chunk
        while rest:
            if left:
                yield stream, bytes(rest[:left])
                had = min(left, len(rest))
                left -= had
                del rest[:had]
            elif len(rest) >= _HEADER:
                stream, left = min(rest[0], 2), int.from_bytes(rest[4:_HEADER], "big")
                del rest[:_HEADER]
            else:
                break


async def raw(content: aiohttp.StreamReader) -> AsyncIterator[tuple[int, bytes]]:
    """The same pairs from a container with a terminal, whose answer has no frames."""
    async for chunk in content.iter_any():
        yield 1, chunk


class Text:
    """Bytes of one stream into lines of text, across frames."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes) -> list[str]:
        """The lines that are whole now."""
        *whole, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        if len(self._rest) > LONGEST_LINE:
            whole.append(self._rest)
            self._rest = ""
        return [line.removesuffix("\r") for line in whole]

    def end(self) -> list[str]:
        """The line that never ended, if any."""
        rest = self._rest + self._decoder.decode(b"", final=True)
        self._rest = ""
        return [rest] if rest else []


async def text_lines(pairs: AsyncIterator[tuple[int, bytes]]) -> AsyncIterator[str]:
    """Lines of text from both streams, each line whole."""
    texts: dict[int, Text] = {}
    async for stream, data in pairs:
        for line in texts.setdefault(stream, Text()).feed(data):
            yield line
    for text in texts.values():
        for line in text.end():
            yield line
