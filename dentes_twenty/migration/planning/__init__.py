"""Planning: staged rows become records with their final ids and relations.

Two passes over the staged tables: `index` collects what rows of different reports have to do with each other (who
lands, who is whom, who holds an e-mail), `rows` streams each object's rows with these facts, `records` gives the
values.
No I/O but reading the staged tables; nothing here knows Twenty's API.
"""
