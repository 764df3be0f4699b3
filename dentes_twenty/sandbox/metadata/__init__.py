"""Changing the data model: objects, fields, options and relations, with Twenty's naming rules and refusals.

`names`, `options` and `defaults` hold the rules, `objects` and `fields` apply changes to model and tables, `relations`
makes both sides of a relation, `present` gives the JSON of objects and fields. `rest` and `graphql` are the two APIs.
"""
