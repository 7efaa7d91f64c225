"""What a person or a job asks for, whoever asks: the same services with the same options."""
