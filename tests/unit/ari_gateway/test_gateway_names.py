"""Names that the gateway gives and takes."""

import pytest

from ari_gateway.names import Part, call_id_of, is_identifier, is_sound, owner_of, part_id


def test_a_call_is_unique_over_several_asterisks() -> None:
    assert call_id_of("02:42:ac:11:00:02", "1732300000.12") == "0242ac110002-1732300000.12"


def test_a_call_id_has_safe_characters_only() -> None:
    assert call_id_of("a b", "pbx one-17/3.1:x") == "ab-pbx_one-17_3.1_x"


@pytest.mark.parametrize("part", list(Part))
@pytest.mark.parametrize("generation", [1, 2, 13])
def test_a_part_names_its_owner(part: Part, generation: int) -> None:
    assert owner_of(part_id(part, "pbx-1732.5", generation)) == (part, "pbx-1732.5")


@pytest.mark.parametrize("name", ["1732.5", "sn", "snoop-1732.5", "pbx-1732.5", ""])
def test_other_names_are_nobodys(name: str) -> None:
    assert owner_of(name) is None


def test_sounds() -> None:
    assert is_sound("sound:trunkline/ab/0123456789abcdef")
    assert not is_sound("sound:trunkline/ab/..")
    assert not is_sound("sound:trunkline/ab/x\n")


def test_identifiers() -> None:
    assert is_identifier("say-1:play~2")
    assert not is_identifier("..")
    assert not is_identifier("a/b")
    assert not is_identifier("")
