"""What one laboratory does at its session, whoever asks: two sides compared, searches, reports."""

from __future__ import annotations


# What one laboratory does at its session, whoever asks: two sides compared, searches, reports.
