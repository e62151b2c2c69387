"""Keys are kept for the owner alone, and a pasted one wins until it is removed."""

import stat
from pathlib import Path

from pydantic import SecretStr

from core.keys import Keys


def test_a_pasted_key_wins_over_the_environment_until_it_is_removed(tmp_path: Path) -> None:
    keys = Keys(tmp_path / "keys.json", {"openai": SecretStr("sk-env"), "anthropic": None})
    assert (keys.get("openai"), keys.origin("openai")) == ("sk-env", "environment")
    keys.put("openai", "sk-pasted")
    assert (keys.get("openai"), keys.origin("openai")) == ("sk-pasted", "page")
    keys.put("openai", None)
    assert (keys.get("openai"), keys.origin("openai")) == ("sk-env", "environment")
    assert (keys.get("anthropic"), keys.origin("anthropic")) == (None, "")


def test_a_pasted_key_survives_a_restart_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "keys.json"
    Keys(file, {}).put("anthropic", "sk-ant")
    assert Keys(file, {}).get("anthropic") == "sk-ant"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


def test_the_line_end_of_a_file_is_no_part_of_a_key(tmp_path: Path) -> None:
    keys = Keys(
        tmp_path / "keys.json", {"openai": SecretStr("sk-env\n"), "anthropic": SecretStr(" ")}
    )
    assert (keys.get("openai"), keys.origin("openai")) == ("sk-env", "environment")
    assert (keys.get("anthropic"), keys.origin("anthropic")) == (None, "")
