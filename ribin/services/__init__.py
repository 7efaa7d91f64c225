"""What one laboratory does at its desk, whoever asks: two sides compared, searches, reports."""
