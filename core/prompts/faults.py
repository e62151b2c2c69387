"""What is wrong with a template, as the worker tells it to itself."""


class Fault(Exception):
    """What is wrong with a template, at a line of its body (0: nowhere) and about a word of it."""

    def __init__(self, problem: str, line: int = 0, word: str = "", hint: str = "") -> None:
        super().__init__(problem)
        self.line = line
        self.word = word
        self.hint = hint
