"""The images of services: what is in them beside a service, how they are made, and what they hold."""
