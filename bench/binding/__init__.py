"""What binding and validation cost: a body of ten fields, beside plain Flask that only parses it."""
