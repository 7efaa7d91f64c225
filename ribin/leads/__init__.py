"""Leads, blind reviews and confirmed links of one member, and the history of a gun they tell."""

from __future__ import annotations


# Leads, blind reviews and confirmed links of one member, and the history of a gun they tell.
