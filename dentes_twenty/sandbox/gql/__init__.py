"""The GraphQL API of records, executed directly as Twenty 2.19 does it.

graphql-core parses the document; the root fields are then resolved straight against the data model, without building
an executable schema: unknown fields of a selection are answered as null, variables need no declaration, and a batch
of 200 costs no type coercion. `introspection` builds a real schema, but only for clients that ask for one.
"""
