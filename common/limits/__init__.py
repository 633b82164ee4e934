"""How often something may happen: exact sliding windows, in Redis or in this process."""
