"""What a request costs: Polymacaron's /todos beside plain Flask services that do the same.

::

    item             the todo that is written and read, and what every answer must hold
    peers/           the plain services
    columns          the services side by side, each on a table of its own
    wsgi             one request, ready to be sent again and again
    cases            what is measured: requests, and parts of them
    stopwatch        measuring it
    report           the tables and what is (not) in the figures
    profiling        where the CPU of one case goes
"""
