"""A scan becomes marks: found or outlined, judged, levelled and filtered."""
