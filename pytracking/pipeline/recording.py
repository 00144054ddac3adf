"""Handing what is followed to files: whatever ends it, everything up to there is kept."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ltr.utils.errors import InputError
from pytracking.pipeline.track_video import Sink, Step
from pytracking.video.frame_source import BrokenSourceError

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
EXPECTED = (OSError, InputError)  # of a sink: told; any other is a bug of ours


@dataclass(frozen=True)
class Recording:
    """What was followed.

    frames: their number. fps: frames a second of the tracking alone. broken: why it ended early, or "". errors: what
    went wrong in each sink, or None.
    """

    frames: int
    fps: float
    broken: str
    errors: tuple[str | None, ...] = ()


def end_as_interrupt() -> None:
    """Let SIGTERM and SIGHUP (a service is stopped, a terminal closed) end this process as Ctrl-C does: by
    KeyboardInterrupt. Signals that are ignored, as under nohup, stay ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def record(steps: Iterable[Step], sinks: Sequence[Sink]) -> Recording:
    """Hand ``steps`` to all ``sinks``, as far as the source goes.

    Where the source breaks off, the user presses Ctrl-C, or the tracker fails (which is raised in the end), all frames
    up to there are kept. A sink that fails is left by its error; the others go on as long as there are any.

    Raises:
        ValueError: there was no frame at all; nothing has been written.
    """
    frames, tracked, seconds, broken = 0, 0, 0.0, ""
    failure: Exception | None = None
    outputs = _open(sinks)
    try:
        for step in steps:
            with _uninterrupted():
                for output in outputs:
                    output.write(step)
                frames += 1
                tracked += step.seconds > 0
                seconds += step.seconds
            if outputs and all(output.error for output in outputs):
                break
    except BrokenSourceError as error:
        broken = str(error)
    except KeyboardInterrupt:
        broken = f"interrupted after {frames} frames"
    except Exception as error:
        failure = error
    if not frames:
        failure = failure or InputError(broken or "the video has no frames")
    with _uninterrupted():
        for output in outputs:
            output.close(None if frames else failure)
    failure = failure or next((o.error for o in outputs if o.error and not isinstance(o.error, EXPECTED)), None)
    if failure:
        raise failure
    errors = tuple(str(output.error) if output.error else None for output in outputs)
    return Recording(frames, tracked / seconds if seconds else 0.0, broken, errors)


class _Output:
    """A sink whose failure is kept, not raised."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._write: Callable[[Step], None] = sink.__enter__()
        self.error: Exception | None = None

    def write(self, step: Step) -> None:
        if self.error is None:
            try:
                self._write(step)
            except Exception as error:
                self.close(error)
                self.error = self.error or error

    def close(self, error: BaseException | None) -> None:
        """Leave the sink, by ``error`` or well."""
        if self.error is None:
            try:
                kind, trace = (type(error), error.__traceback__) if error else (None, None)
                self._sink.__exit__(kind, error, trace)
            except Exception as raised:  # often ``error`` in the words of the sink
                self.error = raised


def _open(sinks: Sequence[Sink]) -> list[_Output]:
    """All sinks entered; where one cannot be, the others are left."""
    outputs: list[_Output] = []
    with ExitStack() as stack:
        for sink in sinks:
            outputs.append(_Output(sink))
            stack.push(lambda kind, error, trace, output=outputs[-1]: output.close(error))
        stack.pop_all()
    return outputs


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the block is done, so that all files end with the same frame."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    handlers = {number: signal.getsignal(number) for number in _ENDING}
    caught = [number for number, handler in handlers.items() if handler is signal.default_int_handler]
    for number in caught:
        signal.signal(number, lambda number, _: arrived.append(number))
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, handlers[number])
    if arrived:
        raise KeyboardInterrupt
