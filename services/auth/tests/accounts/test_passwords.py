"""Hashing: argon2id, never weaker than the floors, of the password as it is."""

import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters

from libs.errors import ServiceUnavailable
from services.auth.accounts import Passwords, passwords

PASSWORD = "correct horse battery"


def test_the_hash_of_nobody_has_no_password() -> None:
    hasher = Passwords()
    assert not hasher.verify("", None)
    assert not hasher.verify(PASSWORD, None)


def test_a_password_is_only_good_for_its_own_hash() -> None:
    hasher = Passwords()
    stored = hasher.hash(PASSWORD)
    assert hasher.hash(PASSWORD) != stored, "each has a salt of its own"
    assert hasher.verify(PASSWORD, stored)
    assert not hasher.verify(PASSWORD + "!", stored)


@pytest.mark.parametrize(
    "password",
    ["x" * 64, "x" * 256, "p\u00e4ssw\u00f6rt \U0001f40e \u99ac", " leading and trailing ", "a\x00b" * 5],
)
def test_every_character_of_a_password_counts(password: str) -> None:
    hasher = Passwords()
    stored = hasher.hash(password)
    assert hasher.verify(password, stored)
    assert not hasher.verify(password[:-1], stored)
    assert not hasher.verify(password.strip() + "?", stored)


def test_two_spellings_of_one_letter_are_two_passwords() -> None:
    hasher = Passwords()
    composed = "adél adél adél"
    assert not hasher.verify(unicodedata.normalize("NFD", composed), hasher.hash(composed))


def test_what_is_no_hash_is_nobodys_password() -> None:
    assert not Passwords().verify(PASSWORD, "deleted")


def test_too_many_at_once_are_asked_to_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert passwords.WAIT_SECONDS == 3.0, "docs/threat-model.md"
    monkeypatch.setattr(passwords, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(passwords.os, "cpu_count", lambda: 1)
    hasher = Passwords()
    hasher._take_slot()
    for busy in (lambda: hasher.hash(PASSWORD), lambda: hasher.verify(PASSWORD, None)):
        with pytest.raises(ServiceUnavailable):
            busy()
    hasher._slots.release()
    for _ in range(2):
        assert not hasher.verify(PASSWORD, None), "a slot is given back, however a comparison ends"


@pytest.mark.parametrize(
    ("memory_kib", "passes", "good"),
    [
        (47104, 1, True),
        (47103, 1, False),
        (19456, 2, True),
        (19455, 2, False),
        (12288, 3, True),
        (12287, 3, False),
        (12288, 4, True),
        (8, 10, False),
    ],
)
def test_parameters_below_the_floors_are_refused(memory_kib: int, passes: int, good: bool) -> None:
    if good:
        stored = Passwords(memory_kib=memory_kib, passes=passes).hash(PASSWORD)
        found = extract_parameters(stored)
        assert (found.memory_cost, found.time_cost, found.parallelism) == (memory_kib, passes, 1)
    else:
        with pytest.raises(ValueError, match=f"with {passes} passes needs at least [0-9]+ KiB"):
            Passwords(memory_kib=memory_kib, passes=passes)


def test_a_hash_of_other_parameters_is_outdated() -> None:
    before, now = Passwords(), Passwords(memory_kib=12288, passes=3)
    assert now.is_outdated(before.hash(PASSWORD))
    assert not now.is_outdated(now.hash(PASSWORD))
    assert now.is_outdated("deleted")


def test_a_wrong_password_costs_a_hash_of_the_present_parameters_whatever_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else, once they are raised, unknown e-mails would be told from known ones by the time it takes."""
    before, now = Passwords(), Passwords(memory_kib=12288, passes=3)
    outdated, present = before.hash(PASSWORD), now.hash(PASSWORD)
    done: list[tuple[int, int]] = []
    verify = PasswordHasher.verify

    def spy(self: PasswordHasher, stored: str, password: str) -> bool:
        right = bool(stored.startswith("$")) and extract_parameters(stored)
        if right:
            done.append((right.memory_cost, right.time_cost))
        return bool(verify(self, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", spy)
    expected = {
        outdated: [(19456, 2), (12288, 3)],
        present: [(12288, 3)],
        "deleted": [(12288, 3)],
        None: [(12288, 3)],
    }
    for stored, costs in expected.items():
        done.clear()
        assert not now.verify("wrong horse battery", stored)
        assert done == costs, stored
    done.clear()
    assert now.verify(PASSWORD, outdated)
    assert done == [(19456, 2)], "whoever knows the password learns nothing by the time"
