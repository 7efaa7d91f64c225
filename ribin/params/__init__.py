"""Every tuned number, with its unit and source, and how a laboratory overrides some of them."""
