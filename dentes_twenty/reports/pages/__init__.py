"""One module for each page: what its figures, tables and charts are made of. Looks stand in `templates`."""
