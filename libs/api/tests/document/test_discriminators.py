"""Discriminators that can never name what they should are told with their line."""

# ruff: noqa: E501 - a table of contracts reads better in lines

import pytest

from libs.api.document.references import reference_faults

HEAD = "openapi: 3.1.0\ninfo: {title: Shop, version: '1'}\npaths: {}\ncomponents:\n  schemas:\n"
SCHEMAS = """\
    Card: {type: object, required: [kind], properties: {kind: {const: card}}}
    Cash: {allOf: [{$ref: '#/components/schemas/Base'}, {properties: {kind: {type: string}}}]}
    Base: {type: object, properties: {sum: {type: integer}}}
    Other: {type: object, properties: {kind: {type: string}}}
    Change: {allOf: [{$ref: '#/components/schemas/Cash'}]}
    Payment:
      oneOf: [{$ref: '#/components/schemas/Card'}, {$ref: '#/components/schemas/Cash'}]
      discriminator:
        propertyName: %s
        mapping: %s
"""


def contract(name="kind", mapping="{card: Card}"):
    return HEAD + SCHEMAS % (name, mapping)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (contract(mapping="{}"), "shop.yaml:13: 'Card' names '#/components/schemas/Card', whose 'kind' is 'card'; write mapping: {card: '#/components/schemas/Card'}"),
        (contract(mapping="{crad: Card}"), "shop.yaml:15: 'crad' names '#/components/schemas/Card', whose 'kind' is 'card'"),
        (contract(name="knid"), "shop.yaml:14: 'knid' is a property of none of the schemas (did you mean 'kind'?)"),
        (contract(mapping="{card: Card, other: Other}"), "shop.yaml:15: '#/components/schemas/Other' is none of the schemas of the oneOf or anyOf"),
    ],
)  # fmt: skip
def test_a_discriminator_that_can_never_hold_is_told(text, said, faults):
    assert faults(text) == [said]


@pytest.mark.parametrize(
    "mapping", ["{card: Card}", "{card: Card, cash: '#/components/schemas/Cash', change: Change}"]
)
def test_a_discriminator_that_holds_is_read(mapping, read):
    assert reference_faults(read(contract(mapping=mapping)).document) == []


def test_schemas_that_say_nothing_of_the_property_may_have_it(read):
    read(
        HEAD
        + "    A: {oneOf: [{$ref: '#/components/schemas/B'}], discriminator: {propertyName: k}}\n    B: {type: object}\n"
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("Crad", "mapping 'Crad' leads nowhere: no schema has this name (did you mean 'Card'?)"),
        ("'#/components/schemas/Crad'", "$ref '#/components/schemas/Crad' leads nowhere: there is no 'Crad' (did you mean 'Card'?)"),
    ],
)  # fmt: skip
def test_a_mapping_that_leads_nowhere_is_told_where_it_stands(target, said, read):
    source = read(contract(mapping=f"{{card: {target}}}"))
    assert [(source.place(where), text) for where, text in reference_faults(source.document)] == [
        ("shop.yaml:15", said)
    ]
