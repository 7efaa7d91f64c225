"""X3P files: `surface` reads one, with the archive, main.xml, units, axes and outline of it."""
