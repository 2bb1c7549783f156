"""Cross-checks."""
def verify(scenario):
    return []
