"""What protects a service: deadlines, limits of what is sent, headers for browsers, compression."""
