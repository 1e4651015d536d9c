"""Writes of objects that happen together or not at all."""

import uuid

import pytest

from libs.api import Increase
from libs.api.tests.persistence.shelf import AT
from libs.errors import Conflict, NotFound


def test_writes_in_a_transaction_happen_together(books, entries, database):
    isbn, log = uuid.uuid4().hex, uuid.uuid4().hex
    gone = books(isbn=uuid.uuid4().hex, title="t", tags=[])
    gone.create()
    entry = entries(log=log, at=AT)
    with database.transaction() as transaction:
        books(isbn=isbn, title="t", tags=[]).create(transaction=transaction)
        entry.save(transaction=transaction)
        books.delete(gone.isbn, transaction=transaction)
        assert not books.exists(isbn)
        assert "revision" not in entry
    assert books.exists(isbn)
    assert not books.exists(gone.isbn)
    assert entries.load(log, AT).revision == entry.revision == 1
    with database.transaction() as transaction:
        assert books.update(isbn, {"loans": Increase(2)}, transaction=transaction) is None
        entry.text = "x"
        entry.replace(transaction=transaction)
    assert (books.load(isbn).loans, entries.load(log, AT).revision) == (2, 2)


def test_none_of_them_happens_where_one_cannot(books, book, entries, database, isbn):
    log, other = uuid.uuid4().hex, uuid.uuid4().hex

    def together(write):
        with database.transaction() as transaction:
            entries(log=log, at=AT).create(transaction=transaction)
            write(transaction)

    def sell(transaction):
        few = books.field("loans") >= 9
        sold_out = Conflict("No copies")
        books.update(
            book.isbn, {"loans": Increase(-9)}, condition=few, conflict=sold_out, transaction=transaction
        )

    with pytest.raises(Conflict, match="No copies"):
        together(sell)
    with pytest.raises(NotFound):
        together(lambda transaction: books.delete(other, transaction=transaction))
    with pytest.raises(NotFound):
        together(lambda transaction: books.update(other, {"title": "x"}, transaction=transaction))
    with pytest.raises(NotFound):
        together(lambda transaction: books(isbn=other, title="x", tags=[]).replace(transaction=transaction))
    with pytest.raises(Conflict):
        together(
            lambda transaction: books(isbn=book.isbn, title="x", tags=[]).create(transaction=transaction)
        )
    assert not entries.exists(log, AT)


def test_a_write_in_the_block_that_would_not_be_part_of_it_is_refused(books, book, database):
    with pytest.raises(RuntimeError, match="transaction="), database.transaction():
        book.save()
    with pytest.raises(RuntimeError, match="transaction="), database.transaction():
        books.update(book.isbn, {"loans": Increase()})
    with pytest.raises(RuntimeError, match="transaction="), database.transaction():
        books.delete(book.isbn)
    assert books.load(book.isbn).loans == 1


def test_a_write_that_its_transaction_would_never_do_is_refused(books, isbn, database):
    with database.transaction() as over:
        pass
    book = books(isbn=isbn, title="t", tags=[])
    for write in (
        lambda: book.create(transaction=over),
        lambda: book.save(transaction=over),
        lambda: books.update(isbn, {"title": "u"}, transaction=over),
        lambda: books.delete(isbn, transaction=over),
    ):
        with pytest.raises(RuntimeError, match="not in the block of its transaction="):
            write()
        with pytest.raises(RuntimeError, match="not in the block"), database.transaction():
            write()
    assert not books.exists(isbn)
