"""Parks from other people's files: one module an importer, all ending in a scenario and a page about it."""
