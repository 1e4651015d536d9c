"""Operations as those see them who run the service: by HTTP and as a command."""
