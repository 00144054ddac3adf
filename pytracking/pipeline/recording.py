"""Running the pipeline: results go to all sinks, and an interruption keeps everything up to it."""

import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from ltr.utils.errors import InputError
from pytracking.pipeline.track_video import FrameResult, Sink
from pytracking.video.frame_source import BrokenSourceError

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
EXPECTED = (OSError, InputError)  # errors of a sink that are reported; any other is a bug


@dataclass(frozen=True)
class RunSummary:
    """Summary of a run.

    frames: number of frames. fps: frames a second, tracking only. broken: why the run ended early, or "". errors: of
    each sink, or None.
    """

    frames: int
    fps: float
    broken: str
    errors: tuple[str | None, ...] = ()


def end_as_interrupt() -> None:
    """Let SIGTERM and SIGHUP (a stopped service, a closed terminal) raise KeyboardInterrupt, as Ctrl-C does. Ignored
    signals, as under nohup, stay ignored."""
    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def run_pipeline(results: Iterable[FrameResult], sinks: Sequence[Sink]) -> RunSummary:
    """Pass all ``results`` to all ``sinks``.

    If the source breaks off, the user presses Ctrl-C or the tracker fails (its error is raised at the end), all frames
    up to there are kept. A sink that fails is closed with its error; the others continue.

    Raises:
        InputError: there were no frames; nothing is written.
    """
    frames, tracked, seconds, broken = 0, 0, 0.0, ""
    failure: Exception | None = None
    outputs = _open(sinks)
    try:
        for result in results:
            with _uninterrupted():
                for output in outputs:
                    output.write(result)
                frames += 1
                tracked += result.seconds > 0
                seconds += result.seconds
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
    return RunSummary(frames, tracked / seconds if seconds else 0.0, broken, errors)


class _Output:
    """A sink whose failure is kept, not raised."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._write: Callable[[FrameResult], None] = sink.__enter__()
        self.error: Exception | None = None

    def write(self, result: FrameResult) -> None:
        if self.error is None:
            try:
                self._write(result)
            except Exception as error:
                self.close(error)
                self.error = self.error or error

    def close(self, error: BaseException | None) -> None:
        """Close the sink, with ``error`` if there is one."""
        if self.error is None:
            try:
                kind, trace = (type(error), error.__traceback__) if error else (None, None)
                self._sink.__exit__(kind, error, trace)
            except Exception as raised:  # often ``error`` with the sink's message
                self.error = raised


def _open(sinks: Sequence[Sink]) -> list[_Output]:
    """Enter all sinks; if one fails, the others are closed."""
    outputs: list[_Output] = []
    with ExitStack() as stack:
        for sink in sinks:
            outputs.append(_Output(sink))
            stack.push(lambda kind, error, trace, output=outputs[-1]: output.close(error))
        stack.pop_all()
    return outputs


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Delay Ctrl-C until the end of the block, so that all files end with the same frame."""
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
