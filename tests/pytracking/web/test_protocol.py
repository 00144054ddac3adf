import json

import pytest

from pytracking.tracker.base.output import TrackOutput
from pytracking.web import protocol
from pytracking.web.protocol import (
    Ack,
    Add,
    Picture,
    ProtocolError,
    Remove,
    Restore,
    Seek,
    parse_command,
    parse_picture,
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"type": "add", "frame": 7, "box": [1, 2.5, 30, 40]}', Add(7, (1.0, 2.5, 30.0, 40.0))),
        ('{"type": "remove", "id": 2}', Remove(2)),
        ('{"type": "restore", "id": 2}', Restore(2)),
        ('{"type": "seek", "frame": 9}', Seek(9)),
        ('{"type": "seen", "frame": 0}', Ack(0)),
    ],
)
def test_commands_with_fields(text, command):
    assert parse_command(text) == command


@pytest.mark.parametrize("name", ["reset", "camera", "demo", "play", "pause"])
def test_commands_without(name):
    assert parse_command(json.dumps({"type": name})) == protocol.COMMANDS[name]()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "[1]",
        "3",
        "{}",
        '{"type": "explode"}',
        '{"type": ["add"]}',
        '{"type": "reset", "frame": 1}',
        '{"type": "remove"}',
        '{"type": "remove", "id": -1}',
        '{"type": "remove", "id": true}',
        '{"type": "add", "frame": 1.5, "box": [1, 2, 3, 4]}',
        '{"type": "add", "frame": 1, "box": [1, 2, 3]}',
        '{"type": "add", "frame": 1, "box": [1, 2, 3, NaN]}',
        '{"type": "add", "frame": 1, "box": [1, 2, 3, 1e999]}',
        '{"type": "add", "frame": 1, "box": "1234x"}',
        '{"type": "add", "frame": 1, "box": 5}',
        '{"type": "add", "frame": 1, "box": [' + "9" * 400 + ", 1, 1, 1]}",
        "[" * 100000,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ProtocolError, match="not a command"):
        parse_command(text)


def test_pictures_there_and_back():
    message = protocol.picture_message(258, b"jpeg")
    assert message == b"\x00\x00\x01\x02jpeg"
    assert parse_picture(message) == Picture(258, b"jpeg")
    for short in (b"", b"\x00\x00\x01\x02"):
        with pytest.raises(ProtocolError, match=f"a picture of {len(short)} bytes"):
            parse_picture(short)


def test_results_and_errors():
    outputs = {3: TrackOutput((1.0, 2.0, 3.0, 4.0), 0.123456, "uncertain", (0.5, 0.5, 1.0, 2.0))}
    assert json.loads(protocol.result_message(9, outputs, 0.05)) == {
        "type": "result",
        "frame": 9,
        "targets": [{"id": 3, "box": [1, 2, 3, 4], "score": 0.1235, "state": "uncertain", "box_std": [0.5, 0.5, 1, 2]}],
        "seconds": 0.05,
    }
    assert json.loads(protocol.error_message("no", 4)) == {"type": "error", "message": "no", "frame": 4}
