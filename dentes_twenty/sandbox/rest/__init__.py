"""The REST API of records: paths, query parameters, the filter grammar, and the shape of answers."""
