"""The standard objects of a fresh Twenty 2.19 workspace.

`declare` has the small language of the declarations, `sales`, `activities`, `people`, `mail` and `automation`
hold them, `build` makes the data model of a new workspace from them. Facts only: names, types, options and relations
as the recordings and Twenty's metadata API show them.
"""
