"""parksim: what people and firms gain or lose when an industrial park becomes a community."""
