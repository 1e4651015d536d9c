"""YAML as JSON has it, and one clear line for what is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api.document.building import MAX_COPIES, MAX_DEPTH
from libs.api.document.errors import ContractError
from libs.api.document.places import Places
from libs.api.document.yaml_text import read_yaml


def value(text):
    return read_yaml(text, "a.yaml", Places())


def told(text):
    with pytest.raises(ContractError) as caught:
        value(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("5", 5),
        ("-5", -5),
        ("+5", 5),
        ("012", 12),
        ("0o17", 15),
        ("0xfF", 255),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("18446744073709551615", 18446744073709551615),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("1.2.3", "1.2.3"),
        ("=", "="),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!float 5", 5.0),
        ("!!int 5", 5),
        ("|-\n  5", "5"),
    ],
)
def test_an_unquoted_word_means_what_yaml_1_2_says(word, meant):
    found = value(f"a: {word}\n")["a"]
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    "word", [".inf", "-.INF", ".nan", "1e999", "9" * 500, "18446744073709551616", "!!int x"]
)
def test_what_json_cannot_say_is_refused_with_its_line(word):
    assert told(f"a: 1\nb: {word}\n").startswith("a.yaml:2: ")


def test_keys_are_the_text_that_stands_there():
    assert value("200: a\ntrue: b\nnull: c\n1.0: d\n'4XX': e\n") == {
        "200": "a",
        "true": "b",
        "null": "c",
        "1.0": "d",
        "4XX": "e",
    }


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a"),
        ("paths:\n  /x:\n    get: {}\n    post: {}\n    get: {}\n", 5, "get"),
        ("a: {b: 1, b: 2}\n", 1, "b"),
        ("200: a\n'200': b\n", 2, "200"),
        ("x:\n  - {c: 1}\n  - {c: 1,\n     c: 2}\n", 4, "c"),
    ],
)
def test_a_key_given_twice_is_an_error_that_names_its_line(text, line, key):
    assert told(text) == f"a.yaml:{line}: {key!r} stands here twice"


def test_every_key_given_twice_is_told():
    assert told("a: 1\na: 2\nb: .nan\nc: 1\nc: 2\n").count("\n") == 2


def test_an_alias_is_a_copy_of_what_it_stands_for():
    found = value("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\nt: &t 5\nu: *t\n")
    assert found == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}] * 2, "t": 5, "u": 5}
    found["c"]["b"].append(2)
    assert found["a"] == found["d"][0] == {"b": [1]}


def test_merged_entries_are_added_where_they_are_missing():
    found = value(
        "a: &a {x: 1, y: 1}\nb: &b {y: 2, z: 2}\nc: {<<: *a, x: 3}\nd: {<<: [*a, *b]}\ne: {'<<': 1}\n"
    )
    assert found["c"] == {"x": 3, "y": 1}
    assert found["d"] == {"x": 1, "y": 1, "z": 2}
    assert found["e"] == {"<<": 1}
    assert "takes an object" in told("a: {<<: 5}\n")


def test_a_billion_laughs_are_refused():
    lines = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert told("\n".join(lines)).endswith(f"stand for more than {MAX_COPIES:,} values")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x [*x]\n", "a.yaml:1: *x stands inside of &x, without an end"),
        ("a: 1\nb: *x\n", "a.yaml:2: *x stands for nothing: there is no &x above"),
        ("a: 1\n--- \nb: 1\n", "a.yaml:2: a second document begins here ('---'); one is read"),
        ("a:\n\t- b\n", "a.yaml:2: "),
        ("a: b: c\n", "a.yaml:1: mapping values are not allowed in this context; a text with ': ' in it"),
        ("a: [1\nb: 2\n", "a.yaml:2: "),
        ("a: !!python/name:os.system x\n", "a.yaml:1: !!python/name:os.system does not fit here"),
        ("a: !!python/object:x {}\n", "a.yaml:1: !!python/object:x does not fit here"),
        ("a: !!set {b}\n", "a.yaml:1: !!set does not fit here"),
        ("a: !!binary aGk=\n", "a.yaml:1: !!binary does not fit here"),
        ("? [a]\n: b\n", "a.yaml:1: a key has to be a plain text"),
        ("a: 1\nb: \x07\n", "a.yaml:2: no YAML may hold the character U+0007"),
        ("[" * (MAX_DEPTH + 1), f"a.yaml:1: is nested in more than {MAX_DEPTH} objects and lists"),
        ("[" * 100_000, f"a.yaml:1: is nested in more than {MAX_DEPTH} objects and lists"),
    ],
)
def test_a_fault_names_its_line_and_why(text, said):
    assert told(text).startswith(said)


def test_aliases_do_not_nest_beyond_the_bound():
    lines = ["a0: &a0 [1]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, MAX_DEPTH + 5)]
    assert "is nested in more than" in told("\n".join(lines))


JSON_LIKE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("abc é:#'\"\n-", max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text("abc:é <", max_size=5), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON_LIKE)
def test_what_pyyaml_writes_is_read_back(made):
    import yaml

    assert value(yaml.safe_dump(made, allow_unicode=True)) == made


@given(st.text(max_size=60) | st.text("abx:-?[]{}&*!|>%@'\"# \n0159.~<", max_size=60))
def test_any_text_is_a_value_or_a_contract_error(text):
    try:
        value(text)
    except ContractError as error:
        assert all(one.startswith("a.yaml:") for one in error.faults)  # noqa: PT017 - either outcome is good
