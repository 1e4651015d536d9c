"""What keeps one part that fails from taking the others along: circuit breakers, budgets of retries."""

from libs.resilience.breaker import CircuitBreaker, CircuitOpen, State
from libs.resilience.budget import RetryBudget
from libs.resilience.pauses import pause_before
from libs.resilience.window import Window

__all__ = ["CircuitBreaker", "CircuitOpen", "RetryBudget", "State", "Window", "pause_before"]
