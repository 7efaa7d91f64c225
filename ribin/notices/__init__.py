"""Notices of links across a border, for the intelligence-sharing network of each country."""
