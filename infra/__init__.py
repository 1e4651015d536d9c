"""How it runs: on a laptop (local), in an image, on AWS."""
