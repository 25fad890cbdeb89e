"""Networks and what they are made of: their configs, the registry, checkpoints."""
