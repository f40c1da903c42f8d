"""F2 to F5 and F22: the right answer, sent wrongly. Cuts, stalls, and the legal forms that parsers trip over."""

from collections.abc import Callable
from dataclasses import replace

from ..ask import ANSWERS
from ..script import Ending, Frame, Part, Script
from .fault import OLLAMA, OPENAI, SSE, BreakOff, Fault, Reframe, streamed

_BOM = b"\xef\xbb\xbf"

#: The first two bytes of a character of three.
_HALF_CHARACTER = "€".encode()[:2]

_BYTES_A_PIECE = 7


def half(script: Script) -> tuple[tuple[Frame, ...], Frame]:
    """The frames before the middle, and the one in the middle."""
    texts = [at for at, frame in enumerate(script.frames) if frame.part in (Part.TEXT, Part.BODY)] or [0]
    middle = texts[len(texts) // 2]
    return script.frames[:middle], script.frames[middle]


def _cut(script: Script, remains: Callable[[bytes], bytes]) -> Script:
    before, frame = half(script)
    frames = (*before, replace(frame, data=remains(frame.data)))
    return replace(script, frames=frames, ending=Ending.CUT, announced=sum(len(frame.data) for frame in script.frames))


def _mid_line(script: Script, _: float) -> Script:
    return _cut(script, lambda data: data[: len(data) // 2])


def _mid_character(script: Script, _: float) -> Script:
    return _cut(script, lambda data: data[: len(data) // 2].decode(errors="ignore").encode() + _HALF_CHARACTER)


def _mid_event(script: Script, _: float) -> Script:
    return _cut(script, lambda data: data[:-1])


def _no_terminator(script: Script, _: float) -> Script:
    return replace(script, frames=tuple(frame for frame in script.frames if frame.part is not Part.END))


def _stall_after_headers(script: Script, _: float) -> Script:
    return replace(script, frames=(), stream=True, ending=Ending.STALL)


def _stall_midway(script: Script, _: float) -> Script:
    return replace(script, frames=half(script)[0], ending=Ending.STALL)


def _only_comments(script: Script, _: float) -> Script:
    return replace(script, frames=(), ending=Ending.COMMENTS)


def _each(change: Callable[[bytes], bytes]) -> Reframe:
    def changed(script: Script, _: float) -> Script:
        return replace(script, frames=tuple(replace(frame, data=change(frame.data)) for frame in script.frames))

    return Reframe(changed)


def _bom(script: Script, _: float) -> Script:
    first, *rest = script.frames
    return replace(script, frames=(replace(first, data=_BOM + first.data), *rest))


def _in_pieces(script: Script, _: float) -> Script:
    pieces = [
        replace(frame, data=frame.data[at : at + _BYTES_A_PIECE], alone=True)
        for frame in script.frames
        for at in range(0, len(frame.data), _BYTES_A_PIECE)
    ]
    return replace(script, frames=tuple(pieces))


def _blank_lines_first(script: Script, _: float) -> Script:
    body = script.frames[0]
    return replace(script, frames=(replace(body, data=b"\n         \n" * 3 + body.data),))


def _stream(name: str, row: str, summary: str, effect: Reframe | BreakOff, *, sse: bool = False) -> Fault:
    """A fault of streamed answers; sse: only of server-sent events."""
    dialects = SSE if sse else SSE | OLLAMA
    return Fault(name, row, summary, effect, hits=ANSWERS, applies=streamed, dialects=dialects)


FAULTS = (
    Fault("stall-headers", "F2", "headers, then nothing", Reframe(_stall_after_headers)),
    _stream("stall-midway", "F2", "half of the stream, then nothing", Reframe(_stall_midway)),
    Fault(
        "comments-only",
        "F3",
        "only what keeps the connection alive, for ever: comments, Anthropic's pings",
        Reframe(_only_comments),
        hits=ANSWERS,
        dialects=frozenset({"openai", "anthropic"}),
        applies=streamed,
    ),
    Fault("cut-mid-line", "F4", "the connection closes in the middle of a line", Reframe(_mid_line)),
    Fault("cut-mid-character", "F4", "the connection closes inside a UTF-8 character", Reframe(_mid_character)),
    _stream("cut-mid-event", "F4", "the connection closes before an event's last line end", Reframe(_mid_event)),
    _stream("no-terminator", "F4", "the stream ends without its terminal marker", Reframe(_no_terminator)),
    _stream("error-midway", "F5", "an error in the dialect's form, after half of the stream", BreakOff()),
    Fault(
        "blank-lines-first",
        "F6",
        "blank lines before the JSON of a whole answer, as OpenRouter sends while it waits",
        Reframe(_blank_lines_first),
        dialects=OPENAI,
        applies=lambda ask: not ask.stream,
    ),
    _stream(
        "crlf", "F22", "lines end in CR LF", _each(lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
    ),
    _stream(
        "several-data-lines",
        "F22",
        "an event's JSON is spread over several data lines",
        _each(lambda data: data.replace(b"data: {", b"data: {\ndata: ", 1)),
        sse=True,
    ),
    _stream("bom", "F22", "a byte order mark before the first event", Reframe(_bom)),
    _stream(
        "no-space", "F22", "no space after `data:`", _each(lambda data: data.replace(b"data: ", b"data:", 1)), sse=True
    ),
    _stream(
        "comments",
        "F22",
        "comments between and inside events",
        _each(lambda data: b": keep-alive\n\n:x\n" + data),
        sse=True,
    ),
    _stream(
        "event-only", "F22", "events with a name and no data", _each(lambda data: b"event: ping\n\n" + data), sse=True
    ),
    _stream("pieces", "F22", "chunks of seven bytes, across lines and characters", Reframe(_in_pieces)),
)
