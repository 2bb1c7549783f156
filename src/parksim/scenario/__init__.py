"""From a file to a frozen, validated scenario, and back to what differs between two of them."""
