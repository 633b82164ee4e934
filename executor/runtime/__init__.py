"""The worker: what turns a doorbell into a finished task. An entrance, like HTTP and actors."""
