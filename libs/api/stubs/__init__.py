"""Types of a contract's objects and operations for editors and type checkers: libs/api/typed.pyi."""
