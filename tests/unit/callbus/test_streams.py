from callbus.streams import Streams, gateway_group
from callbus.trace import child_of, new_traceparent


def test_with_one_partition_names_are_plain() -> None:
    names = Streams()

    assert names.all_of("calls") == ["calls"]
    assert names.control("speech", "c1") == "speech"
    assert names.media("c1") == "media:c1"
    assert names.dead_letters("speech") == "dead-letters"
    assert gateway_group("pbx-1") == "gateway:pbx-1"


def test_all_names_of_a_call_share_one_hash_tag() -> None:
    names = Streams(partitions=8)
    stream = names.control("speech", "c1")
    tag = stream[: stream.index("}") + 1]

    assert tag in {f"{{p{n:02d}}}" for n in range(8)}
    for name in (
        names.media("c1"),
        names.seq("c1"),
        names.dialog_state("c1"),
        names.listen("c1"),
        names.timers_of("c1"),
    ):
        assert name.startswith(tag)
    assert names.dead_letters(stream) == f"{tag}:dead-letters"
    assert stream in names.all_of("speech")
    assert len(names.all_of("speech")) == 8


def test_a_span_keeps_its_trace() -> None:
    parent = new_traceparent()
    child = child_of(parent)

    assert child.split("-")[1] == parent.split("-")[1]
    assert child.split("-")[2] != parent.split("-")[2]
    assert child_of("nonsense").startswith("00-")
