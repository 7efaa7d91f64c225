"""The vault of one member: scan files written once, one catalogue, an audit log."""
