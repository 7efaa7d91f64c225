"""What a laboratory records: exhibits, events, people, requests, results and leads."""
