"""The physical park: grid, walking, roads, queues, the city around it."""
