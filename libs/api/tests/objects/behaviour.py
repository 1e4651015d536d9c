"""Classes that the contracts of test_mixins.py name."""

from libs.api.objects.object import ApiObject


class Greets:
    greeting = "Hello"
    times: int

    def greet(self):
        return f"{self.greeting} {self.name}"

    def to_json(self):
        return {**super().to_json(), "greeting": self.greet()}

    @property
    def shout(self):
        return self.name.upper()

    @shout.setter
    def shout(self, value):
        self.name = value.lower()


class Hides:
    def name(self):
        return "hidden"


class Stored(ApiObject):
    reserved_names = ApiObject.reserved_names | {"version"}
    version = 5

    def greet(self):
        return f"stored: {super().greet()}"


NUMBER = 5


class Makes:
    def __init__(self, times):
        self._times = times


class Slotted:
    __slots__ = ("_times",)
