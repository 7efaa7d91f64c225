"""Keys of members: who signed a bundle, who alone can read it."""
