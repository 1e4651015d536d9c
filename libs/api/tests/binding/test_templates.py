"""Templates of paths, and what they match."""

import time
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.api.binding.templates import Template
from libs.api.wire.paths import path_segments


def match(template, path):
    """Return what a path's placeholders stand for, or None."""
    found, sent = Template.parse(template), tuple(path[1:].split("/"))
    if len(found.segments) != len(sent):
        return None
    return found.match(sent, path_segments(path))


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("/a/{b}", "/a/x", {"b": "x"}),
        ("/a/{b}", "/a/x%2Fy,z", {"b": "x%2Fy,z"}),
        ("/a/{b}.json", "/a/x.json", {"b": "x"}),
        ("/a/{b}.json", "/a/x.y%2Ejson", {"b": "x.y"}),
        ("/a/{b}.json", "/a/x.JSON", None),
        ("/a/{b}.json", "/a/.json", None),
        ("/a/{b}.json", "/a/x.json.gz", None),
        ("/a/v{b}", "/a/v7", {"b": "7"}),
        ("/a/{x}-{y}", "/a/1-2-3", {"x": "1", "y": "2-3"}),
        ("/a/{x}..{y}.z", "/a/1..2.z", {"x": "1", "y": "2"}),
        ("/a/{b}:cancel", "/a/7%3acancel", {"b": "7"}),
        ("/caf%C3%A9-{b}", "/caf%c3%a9-1", {"b": "1"}),
        ("/café/{b}", "/caf%C3%A9/1", {"b": "1"}),
        ("/a/%7Bb%7D", "/a/%7Bb%7D", {}),
        ("/a/%7Bb%7D", "/a/x", None),
        ("/a(b)/{c}", "/a(b)/x", {"c": "x"}),
        ("/a/{proxy+}", "/a/x", {"proxy+": "x"}),
    ],
)
def test_what_a_template_means(template, path, values):
    assert match(template, path) == values


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("a", "does not begin with a /"),
        ("/a//b", "has the segment ''"),
        ("/a/../b", "has the segment '..'"),
        ("/a/{b", "has braces in '{b'"),
        ("/a/{}", "has braces in '{}'"),
        ("/a/{{b}}", "has braces in '{{b}}'"),
        ("/a/{b/c}", "has braces in '{b'"),
        ("/a/{b}{c}", "has placeholders in '{b}{c}' with nothing between them"),
        ("/{a}/b/{a}", "has the placeholder {a} twice"),
        ("/a/%ff", "has '%ff', which is not UTF-8"),
        ("/a/%zz", "has '%zz', which no request's path can have"),
        ("/a/%00", "has '%00', which no request's path can have"),
    ],
)
def test_a_path_no_request_can_have_is_told(path, told):
    with pytest.raises(ValueError, match=r"has|does") as caught:
        Template.parse(path)
    assert str(caught.value).startswith(told)


def test_templates_that_mean_the_same_paths_have_one_shape():
    same = [("/a/{b}", "/a/{c}"), ("/a/{b}.x", "/a/{c}%2Ex"), ("/%61", "/a")]
    assert all(Template.parse(one).shape == Template.parse(other).shape for one, other in same)
    other = ["/a/{b}", "/a/{b}/", "/a/{b}.x", "/a/{b}.y", "/a/b"]
    assert len({Template.parse(one).shape for one in other}) == len(other)


def test_a_hostile_segment_takes_no_time():
    began = time.process_time()
    assert match("/{a}-{b}-{c}-{d}-{e}.x", "/" + "-" * 8000) is None
    assert time.process_time() - began < 10


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_whatever_is_put_in_for_placeholders_is_found_again(name, key):
    sent, stem = (quote(one, safe="").replace(".", "%2E") for one in (name, key))
    if "\0" in name + key:
        return
    assert match("/a/{name}/b/{stem}.json", f"/a/{sent}/b/{stem}.json") == {"name": sent, "stem": stem}
