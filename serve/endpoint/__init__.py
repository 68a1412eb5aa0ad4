"""The HTTP endpoint: a light application that checks questions, and replicas that answer them."""
