"""The application in a browser on this machine: the same functions as the commands, as pages."""
