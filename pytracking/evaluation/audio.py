"""The sound of a video, put beside the frames that are made of it."""

import logging
from collections.abc import Generator, Iterator

from ltr.data.pyav import InputContainer, OutputContainer, Packet, Stream, av
from pytracking.evaluation.video import Sound

PLAYED_EVERYWHERE = {"aac", "mp3", "opus"}  # copied as they are; others become AAC

log = logging.getLogger(__name__)


class SoundTrack:
    """An audio stream of ``output``, to be written along with its pictures.

    Made before anything is written to ``output``. Sound that FFmpeg cannot read ends there, with a warning: it does not
    spoil the video.
    """

    def __init__(self, sound: Sound, output: OutputContainer) -> None:
        self._name, self._output = sound.path, output
        self._input = av.open(sound.path)
        video, stream = self._input.streams.video[0], self._input.streams.audio[0]
        begin = _seconds(video.start_time or 0, video) + sound.start
        read = _copied if stream.codec_context.codec.canonical_name in PLAYED_EVERYWHERE else _encoded
        self._packets = self._until_damaged(read(self._input, output, begin))
        self._next = next(self._packets, None)

    def write_until(self, seconds: float) -> None:
        """Write what is heard in the first ``seconds`` and not yet written."""
        while self._next is not None and _seconds(self._next.pts or 0, self._next) < seconds:
            self._output.mux(self._next)
            self._next = next(self._packets, None)

    def close(self) -> None:
        """Close the file that the sound comes from."""
        self._packets.close()
        self._input.close()

    def _until_damaged(self, packets: Iterator[Packet]) -> Generator[Packet]:
        try:
            yield from packets
        except av.FFmpegError as error:
            log.warning("%s: its sound cannot be read to the end (%s)", self._name, error.strerror)


def _seconds(ticks: int, clock: Stream | Packet) -> float:
    return ticks * float(clock.time_base or 0)


def _copied(source: InputContainer, output: OutputContainer, begin: float) -> Iterator[Packet]:
    """The packets of the sound of ``source`` from ``begin`` (seconds of its clock), which becomes time 0."""
    stream = source.streams.audio[0]
    target = output.add_stream_from_template(stream)

    def packets() -> Iterator[Packet]:
        for packet in source.demux(stream):
            if packet.pts is None or packet.dts is None or _seconds(packet.pts, packet) < begin:
                continue
            shift = round(begin / _seconds(1, packet))
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = target
            yield packet

    return packets()


def _encoded(source: InputContainer, output: OutputContainer, begin: float) -> Iterator[Packet]:
    """The same as AAC."""
    stream = source.streams.audio[0]
    target = output.add_stream("aac", rate=stream.rate, layout=stream.layout.name)

    def packets() -> Iterator[Packet]:
        for frame in source.decode(stream):
            if frame.pts is not None and frame.time is not None and frame.time >= begin:
                frame.pts -= round(begin / float(frame.time_base or 1))
                yield from target.encode(frame)
        yield from target.encode(None)

    return packets()
