"""Where digits go, and with which pen."""
