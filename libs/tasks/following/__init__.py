"""Operations as those see them who started them."""
