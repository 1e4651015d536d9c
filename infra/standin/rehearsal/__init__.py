"""`make rehearse`: whole deliveries on this machine, by the command line that delivers to AWS."""
