"""Audio of the source video, copied or encoded into the output video."""

import ctypes
import logging
from collections.abc import Generator, Iterator

from ltr.data.pyav import InputContainer, OutputContainer, Packet, Stream, av
from ltr.data.video_stream import TIMEOUT, address
from ltr.utils.errors import InputError
from pytracking.video.frame_source import AudioSource

PLAYED_EVERYWHERE = {"aac", "mp3", "opus"}  # codecs that are copied; others are encoded as AAC
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}  # by channels; more are mixed down to 5.1
_FAILURES = (av.FFmpegError, OSError, ValueError)

log = logging.getLogger(__name__)


class AudioMuxer:
    """Writes an audio stream to ``output`` along with the video.

    Create it before anything is written to ``output``. If the audio cannot be read, copied or encoded, it ends there
    with a warning; the video is not affected.
    """

    def __init__(self, sound: AudioSource, output: OutputContainer) -> None:
        self._name, self._output = sound.path, output
        self._input: InputContainer | None = None
        self._packets: Generator[Packet] | None = None
        self._next: Packet | None = None
        self._end = 0.0  # of the written audio, seconds
        try:
            self._open(sound)
        except _FAILURES as error:
            self._give_up(error)

    def write_until(self, seconds: float) -> None:
        """Write the audio of the first ``seconds``, as far as it is not written yet."""
        try:
            while self._next is not None and _seconds(self._next.pts or 0, self._next) < seconds:
                self._end = _seconds(self._next.pts or 0, self._next)
                self._output.mux(self._next)
                self._advance()
        except _FAILURES as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the source file."""
        self._next = None
        if self._packets:
            self._packets.close()
        if self._input:
            self._input.close()

    def _open(self, sound: AudioSource) -> None:
        self._input = av.open(address(sound.path), timeout=TIMEOUT, metadata_errors="replace")
        stream = self._input.streams.audio[0]
        if stream.codec_context is None:
            raise InputError("FFmpeg does not know its codec")
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
    """The audio packets of ``source`` from ``begin`` (seconds of its clock), which becomes time 0."""
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
    """The same, encoded as AAC at a rate and with a channel layout that AAC supports."""
    stream = source.streams.audio[0]
    target = _aac_stream(stream, output)
    resampler = av.AudioResampler(target.format, target.layout, target.rate)

    def packets() -> Generator[Packet]:
        last = None
        for frame in _decoded(source, stream, begin):
            for part in resampler.resample(frame):
                if last is not None and part.pts is not None and part.pts <= last:
                    raise InputError("its times go back, as where files are joined")
                last = part.pts
                yield from target.encode(part)
        for part in resampler.resample(None):
            yield from target.encode(part)
        yield from target.encode(None)

    return packets()


def _decoded(source: InputContainer, stream: av.audio.AudioStream, begin: float) -> Iterator[av.AudioFrame]:
    """The decoded audio from ``begin`` on, which becomes time 0."""
    for frame in source.decode(stream):
        if frame.pts is not None and frame.time is not None and frame.time >= begin:
            frame.pts -= round(begin / float(frame.time_base or 1))
            yield frame


def _aac_stream(stream: av.audio.AudioStream, output: OutputContainer) -> av.audio.AudioStream:
    """An AAC stream of ``output``. The encoder is opened on trial first, since a stream cannot be removed."""
    rates = sorted(av.Codec("aac", "w").audio_rates or [])
    rate = next((rate for rate in rates if rate >= stream.rate), rates[-1])
    layout = LAYOUTS.get(_channels(stream), "5.1")
    trial = av.CodecContext.create("aac", "w")
    trial.rate, trial.layout, trial.format = rate, layout, "fltp"
    trial.open()
    return output.add_stream("aac", rate=rate, layout=layout)


def _channels(stream: av.audio.AudioStream) -> int:
    """Number of channels; InputError for a custom channel order, which PyAV cannot decode."""
    layout = stream.codec_context.layout
    # PyAV 18 frees the channel list of such a layout although it belongs to the stream, and crashes then or later.
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(layout))  # so this one is never freed
    if "(" in layout.name.partition(" channels")[2]:
        raise InputError(f"its {layout.nb_channels} channels have a custom order")
    return int(layout.nb_channels)
