"""What a client is told of an error: in which shape, in which language, and what each code means."""

from libs.service.problems.answers import PROBLEMS, ProblemAnswers, ShapeProblem

__all__ = ["PROBLEMS", "ProblemAnswers", "ShapeProblem"]
