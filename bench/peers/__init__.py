"""The services Polymacaron is compared with, as a competent engineer writes them without it.

As Polymacaron does they check tokens, validate what they are sent, write a todo only if there is none with
its key, keep its version, and read consistently. Their routes, representations and keys are those of /todos.
They have no `where`, no order but that of creation, no totals and no search by place, and nothing for them.
"""
