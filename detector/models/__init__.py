"""Networks: their modules and configs, the registry that names them, their weights files and model cards."""
