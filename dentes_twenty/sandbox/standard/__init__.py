"""The standard objects of a fresh Twenty 2.19 workspace, as data.

`objects.json` holds what the metadata API of such a workspace answers: names, labels, types, options, defaults and
relations, without what is made anew for each workspace. `custom_object.json` holds the fields every custom object
starts with. `build` makes a data model from them.
"""
