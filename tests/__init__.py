"""What is tested about the repository as a whole."""
