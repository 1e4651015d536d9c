"""Filling what functions and classes ask for by type."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Optional

import pytest

from libs.api import Dependencies

if TYPE_CHECKING:
    from elsewhere import Hidden


class Shop:
    pass


class Clerk:
    pass


SHOP = Shop()


@pytest.fixture
def dependencies():
    return Dependencies([SHOP], {Clerk: Clerk})


def test_what_is_not_given_is_filled_by_its_type(dependencies):
    def sell(item: str, shop: Shop, *, clerk: Clerk):
        return item, shop, clerk

    item, shop, clerk = dependencies.bind(sell, {"item"})(item="tea")
    assert item == "tea"
    assert shop is SHOP
    assert isinstance(clerk, Clerk)


def test_an_object_per_call_is_made_for_each_call(dependencies):
    def serve(clerk: Clerk):
        return clerk

    bound = dependencies.bind(serve, ())
    assert bound() is not bound()


def test_an_argument_that_is_given_is_not_filled(dependencies):
    def sell(shop: Shop):
        return shop

    assert dependencies.bind(sell, {"shop"})(shop="corner") == "corner"


def test_a_function_that_needs_nothing_is_itself(dependencies):
    def count(item: int):
        return item

    assert dependencies.bind(count, {"item"}) is count


def test_what_is_filled_keeps_its_name(dependencies):
    def sell(shop: Shop):
        """Sell."""

    assert (dependencies.bind(sell, ()).__name__, dependencies.bind(sell, ()).__doc__) == ("sell", "Sell.")


def test_every_fault_of_a_function_is_told_at_once(dependencies):
    def sell(item: str, price: int, untyped, shop: Shop):
        pass

    with pytest.raises(TypeError) as caught:
        dependencies.bind(sell, {"item", "colour", "amount"})
    name, _, faults = str(caught.value).partition(" ")
    assert name.endswith(".sell")
    assert faults.split("; ") == [
        "does not take 'amount'",
        "does not take 'colour'",
        "needs 'price', which is not given",
        "needs 'untyped', which is not given and has no type",
    ]


def test_a_default_stands_in_for_what_nobody_provides(dependencies):
    def sell(price: int = 5, shop: Shop | None = None):
        return price, shop

    assert dependencies.bind(sell, ())() == (5, None)


def test_what_is_provided_is_filled_even_where_there_is_a_default(dependencies):
    def sell(shop: Shop = None):
        return shop

    assert dependencies.bind(sell, ())() is SHOP


def test_keyword_arguments_take_any_name(dependencies):
    def sell(shop: Shop, **filters: Any):
        return filters

    assert dependencies.bind(sell, {"a", "b"})(a=1, b=2) == {"a": 1, "b": 2}


def test_annotations_may_be_text_or_annotated(dependencies):
    def sell(shop: "Shop", clerk: Annotated[Clerk, "on duty"]):
        return shop

    assert dependencies.bind(sell, ())() is SHOP


def test_an_annotation_that_cannot_be_found_is_told(dependencies):
    def sell(hidden: "Hidden"):
        pass

    with pytest.raises(TypeError, match=r"sell is annotated with what cannot be found: name 'Hidden'"):
        dependencies.bind(sell, ())


def test_what_is_perhaps_there_is_provided_as_such():
    dependencies = Dependencies([], {Shop | None: lambda: None})

    def sell(shop: Shop | None):
        return shop

    def sell_too(shop: Optional[Shop] = SHOP):  # noqa: UP045 - the older spelling
        return shop

    def insist(shop: Shop):
        return shop

    assert dependencies.bind(sell, ())() is None
    assert dependencies.bind(sell_too, ())() is None
    with pytest.raises(TypeError, match="needs 'shop'"):
        dependencies.bind(insist, ())


class Plain:
    def __init__(self, shop: Shop, clerk: Clerk) -> None:
        self.shop = shop


class Inherits(Plain):
    pass


@dataclass
class Data:
    shop: Shop


class Nothing:
    pass


class Demanding:
    def __init__(self, price: int) -> None:
        pass


@pytest.mark.parametrize("kind", [Plain, Inherits, Data])
def test_a_class_is_made_with_its_needs_filled(kind, dependencies):
    made = dependencies.make(kind)
    assert type(made) is kind
    assert made.shop is SHOP


def test_what_is_provided_is_not_made_again(dependencies):
    assert dependencies.make(Shop) is SHOP
    assert isinstance(dependencies.make(Clerk), Clerk)
    assert isinstance(dependencies.make(Nothing), Nothing)


def test_a_class_that_needs_what_nobody_provides_is_not_made(dependencies):
    with pytest.raises(TypeError, match="Demanding needs 'price'"):
        dependencies.make(Demanding)


def test_what_is_provided_can_be_asked(dependencies):
    assert dependencies.provides(Shop)
    assert dependencies.provides(Clerk)
    assert not dependencies.provides(int)


def test_what_can_be_called_and_is_no_function_is_filled_too(dependencies):
    class Till:
        def __call__(self, shop: Shop, item: str):
            return shop, item

    def sell(shop: Shop, item: str):
        return shop, item

    assert dependencies.bind(Till(), {"item"})(item="tea") == (SHOP, "tea")
    assert dependencies.bind(partial(sell, item="tea"), ())() == (SHOP, "tea")


@pytest.mark.parametrize("annotation", ["a b", "Shop.Nothing", "Nowhere"])
def test_an_annotation_that_means_nothing_is_told(annotation, dependencies):
    def sell(shop):
        return shop

    sell.__annotations__ = {"shop": annotation}
    with pytest.raises(TypeError, match="sell is annotated with what cannot be found"):
        dependencies.bind(sell, ())


def test_what_could_be_provided_says_how():
    def sell(shop: Shop):
        return shop

    dependencies = Dependencies(absent={Shop: "and this service sells nothing: say sells=[…]"})
    with pytest.raises(TypeError, match=r"needs 'shop', and this service sells nothing: say sells=\["):
        dependencies.bind(sell, ())


def test_an_object_may_be_provided_as_what_it_is_not_exactly():
    class Corner(Shop):
        """A shop of its own."""

    corner = Corner()
    assert Dependencies(by_type={Shop: corner}).make(Shop) is corner


def test_a_decorator_is_not_given_what_there_is_for_a_request_alone(dependencies):
    def watched(function, clerk: Clerk):
        return function

    with pytest.raises(TypeError, match="needs 'clerk', which is there for a request alone"):
        dependencies.bind_decorator(watched)
