"""What people and programs see: tables, JSON and pictures. Candidates and figures, no verdicts."""
