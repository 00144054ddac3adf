"""The sound of a video, put beside the frames that are made of it."""

import ctypes
import logging
from collections.abc import Generator, Iterator

from ltr.data.pyav import InputContainer, OutputContainer, Packet, Stream, av
from ltr.data.video_stream import TIMEOUT, address
from ltr.utils.errors import InputError
from pytracking.video.frame_source import Sound

PLAYED_EVERYWHERE = {"aac", "mp3", "opus"}  # copied as they are; others become AAC
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}  # by channels; more are mixed down to 5.1
_FAILURES = (av.FFmpegError, OSError, ValueError)

log = logging.getLogger(__name__)


class SoundTrack:
    """An audio stream of ``output``, to be written along with its pictures.

    Made before anything is written to ``output``. Sound that cannot be read, copied or encoded ends there, with a
    warning: it does not spoil the video.
    """

    def __init__(self, sound: Sound, output: OutputContainer) -> None:
        self._name, self._output = sound.path, output
        self._input: InputContainer | None = None
        self._packets: Generator[Packet] | None = None
        self._next: Packet | None = None
        self._end = 0.0  # of what has been written, seconds
        try:
            self._open(sound)
        except _FAILURES as error:
            self._give_up(error)

    def write_until(self, seconds: float) -> None:
        """Write what is heard in the first ``seconds`` and not yet written."""
        try:
            while self._next is not None and _seconds(self._next.pts or 0, self._next) < seconds:
                self._end = _seconds(self._next.pts or 0, self._next)
                self._output.mux(self._next)
                self._advance()
        except _FAILURES as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the file that the sound comes from."""
        self._next = None
        if self._packets:
            self._packets.close()
        if self._input:
            self._input.close()

    def _open(self, sound: Sound) -> None:
        self._input = av.open(address(sound.path), timeout=TIMEOUT, metadata_errors="replace")
        stream = self._input.streams.audio[0]
        if stream.codec_context is None:
            raise InputError("FFmpeg does not know its kind")
        read = _copied if stream.codec_context.codec.canonical_name in PLAYED_EVERYWHERE else _encoded
        self._packets = read(self._input, self._output, sound.start)
        self._advance()

    def _advance(self) -> None:
        assert self._packets is not None
        self._next = next(self._packets, None)

    def _give_up(self, error: Exception) -> None:
        self.close()
        where = f"is left out after {self._end:.1f} s" if self._end else "is left out"
        log.warning("%s: its sound %s (%s)", self._name, where, getattr(error, "strerror", "") or error)


def _seconds(ticks: int, clock: Stream | Packet) -> float:
    return ticks * float(clock.time_base or 0)


def _copied(source: InputContainer, output: OutputContainer, begin: float) -> Generator[Packet]:
    """The packets of the sound of ``source`` from ``begin`` (seconds of its clock), which becomes time 0."""
    stream = source.streams.audio[0]
    target = output.add_stream_from_template(stream)

    def packets() -> Generator[Packet]:
        last = None
        for packet in source.demux(stream):
            if packet.pts is None or packet.dts is None or _seconds(packet.pts, packet) < begin:
                continue
            if last is not None and packet.dts <= last:
                raise InputError("its times go back, as where files are joined")
            last = packet.dts
            shift = round(begin / _seconds(1, packet))
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = target
            yield packet

    return packets()


def _encoded(source: InputContainer, output: OutputContainer, begin: float) -> Generator[Packet]:
    """The same as AAC, at a rate and in a layout of channels that AAC has."""
    stream = source.streams.audio[0]
    target = _aac_stream(stream, output)
    resampler = av.AudioResampler(target.format, target.layout, target.rate)

    def packets() -> Generator[Packet]:
        last = None
        for frame in _heard(source, stream, begin):
            for part in resampler.resample(frame):
                if last is not None and part.pts is not None and part.pts <= last:
                    raise InputError("its times go back, as where files are joined")
                last = part.pts
                yield from target.encode(part)
        for part in resampler.resample(None):
            yield from target.encode(part)
        yield from target.encode(None)

    return packets()


def _heard(source: InputContainer, stream: av.audio.AudioStream, begin: float) -> Iterator[av.AudioFrame]:
    """The decoded sound from ``begin`` on, which becomes time 0."""
    for frame in source.decode(stream):
        if frame.pts is not None and frame.time is not None and frame.time >= begin:
            frame.pts -= round(begin / float(frame.time_base or 1))
            yield frame


def _aac_stream(stream: av.audio.AudioStream, output: OutputContainer) -> av.audio.AudioStream:
    """An encoder in ``output``, tried out before: once it is there, it cannot be taken away."""
    rates = sorted(av.Codec("aac", "w").audio_rates or [])
    rate = next((rate for rate in rates if rate >= stream.rate), rates[-1])
    layout = LAYOUTS.get(_channels(stream), "5.1")
    trial = av.CodecContext.create("aac", "w")
    trial.rate, trial.layout, trial.format = rate, layout, "fltp"
    trial.open()
    return output.add_stream("aac", rate=rate, layout=layout)


def _channels(stream: av.audio.AudioStream) -> int:
    """How many there are; ValueError where they come in an order of their own, with which PyAV cannot decode."""
    layout = stream.codec_context.layout
    # PyAV 18 frees the list of channels of such a layout although it belongs to the stream, and crashes then or later.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))  # so this one is never freed
    if "(" in layout.name.partition(" channels")[2]:
        raise InputError(f"its {layout.nb_channels} channels have an order of their own")
    return int(layout.nb_channels)
