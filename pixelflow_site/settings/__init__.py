"""Settings: `env.py` declares every key, `base.py` turns them into Django's settings."""
